// What the outermost element of each component carries: scope of the styles, theme and language.
import { useMessagingContext } from "./messaging-context";

export interface RootProps {
  className: string;
  lang: string;
  "data-msg-theme"?: "light" | "dark";
}

export function useRootProps(className: string, extra?: string): RootProps {
  const { locale, theme } = useMessagingContext();
  return {
    className: `msg-root ${className}${extra ? ` ${extra}` : ""}`,
    lang: locale,
    ...(theme !== "inherit" && { "data-msg-theme": theme }),
  };
}
