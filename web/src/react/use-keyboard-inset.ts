// Tells the styles how much of an element's bottom a phone's keyboard covers, where the page does not shrink for it.
import { type RefObject, useEffect } from "react";

/** Sets `--msg-keyboard` on the element, in pixels. */
export function useKeyboardInset(ref: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const viewport = window.visualViewport;
    const element = ref.current;
    if (!viewport || !element) return;
    const measure = () => {
      // Zooming by hand moves the viewport too; that covers nothing.
      const zoomed = viewport.scale > 1.01;
      const writing = element.contains(document.activeElement);
      const visibleTo = viewport.offsetTop + viewport.height;
      const covered = zoomed || !writing ? 0 : element.getBoundingClientRect().bottom - visibleTo;
      const inset = Math.max(0, Math.round(Math.min(covered, element.clientHeight / 2)));
      element.style.setProperty("--msg-keyboard", `${inset}px`);
    };
    viewport.addEventListener("resize", measure);
    viewport.addEventListener("scroll", measure);
    element.addEventListener("focusin", measure);
    element.addEventListener("focusout", measure);
    return () => {
      viewport.removeEventListener("resize", measure);
      viewport.removeEventListener("scroll", measure);
      element.removeEventListener("focusin", measure);
      element.removeEventListener("focusout", measure);
      element.style.removeProperty("--msg-keyboard");
    };
  }, [ref]);
}
