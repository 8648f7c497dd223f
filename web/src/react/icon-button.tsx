// A button that shows only an icon: its name is there for whoever does not see it, or points at it.
import type { ComponentProps, ReactNode } from "react";

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children" | "aria-label"> {
  label: string;
  icon: ReactNode;
  /** Does nothing at present, and stays where it is for the keyboard. */
  off?: boolean;
}

export function IconButton({ label, icon, off = false, className, onClick, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`msg-icon-button${className ? ` ${className}` : ""}`}
      aria-label={label}
      title={label}
      aria-disabled={off || undefined}
      onClick={(event) => {
        if (!off) onClick?.(event);
      }}
    >
      {icon}
    </button>
  );
}
