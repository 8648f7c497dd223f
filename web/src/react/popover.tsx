// A panel beside the button that opened it, in the browser's top layer: closes on Escape and a press elsewhere.
import { type ComponentProps, type RefObject, useLayoutEffect, useRef } from "react";
import { useStableCallback } from "./use-stable-callback";

export interface PopoverProps extends Omit<ComponentProps<"div">, "popover" | "ref"> {
  /** The button; focus goes back to it. */
  anchor: RefObject<HTMLButtonElement | null>;
  onClose(): void;
}

/** Where there are none, a panel is an ordinary element above the page. */
export const hasPopovers = typeof HTMLElement !== "undefined" && "showPopover" in HTMLElement.prototype;

const gap = 6;
const edge = 8;

export function Popover({ anchor, onClose, onKeyDown, ...rest }: PopoverProps) {
  const ref = useRef<HTMLDivElement>(null);
  const close = useStableCallback(onClose);

  useLayoutEffect(() => {
    const panel = ref.current;
    const button = anchor.current;
    if (!panel || !button) return;
    // So that a press on the button closes the panel instead of closing and opening it again. Not before the
    // press that opened it is over: that would close it, too.
    const timer = setTimeout(() => {
      button.popoverTargetElement = panel;
    });
    if (!isShown(panel)) panel.showPopover();
    const settle = () => place(panel, button);
    settle();
    const onToggle = () => {
      if (!isShown(panel)) close();
    };
    const sizes = typeof ResizeObserver === "undefined" ? undefined : new ResizeObserver(settle);
    sizes?.observe(panel);
    panel.addEventListener("toggle", onToggle);
    window.addEventListener("resize", settle);
    document.addEventListener("scroll", settle, { capture: true, passive: true });
    return () => {
      clearTimeout(timer);
      sizes?.disconnect();
      panel.removeEventListener("toggle", onToggle);
      window.removeEventListener("resize", settle);
      document.removeEventListener("scroll", settle, { capture: true });
      button.popoverTargetElement = null;
      if (panel.contains(document.activeElement)) button.focus({ preventScroll: true });
    };
  }, [anchor, close]);

  return (
    <div
      ref={ref}
      popover={hasPopovers ? "auto" : undefined}
      onKeyDown={(event) => {
        onKeyDown?.(event);
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
      {...rest}
    />
  );
}

function isShown(panel: HTMLElement): boolean {
  return !hasPopovers || panel.matches(":popover-open");
}

function place(panel: HTMLElement, button: HTMLElement): void {
  const from = button.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const page = document.documentElement;
  const wanted = getComputedStyle(button).direction === "rtl" ? from.left : from.right - width;
  const left = Math.max(edge, Math.min(wanted, page.clientWidth - width - edge));
  const below = from.bottom + gap;
  const above = from.top - gap - height;
  const top = below + height <= page.clientHeight - edge || above < edge ? below : above;
  panel.style.left = `${left}px`;
  panel.style.top = `${Math.max(edge, Math.min(top, page.clientHeight - edge - height))}px`;
}
