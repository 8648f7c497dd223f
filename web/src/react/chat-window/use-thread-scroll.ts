// Keeps a thread where its reader has it: at its end, or at the message that is being looked at.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useStableCallback } from "../use-stable-callback";

/** Where the thread is to be brought, once what is wanted is there. */
export type Goal =
  | { readonly to: "end" | "unread" }
  | { readonly to: "message"; readonly seq: number; readonly focus: boolean };

export interface ThreadScroll {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly list: RefObject<HTMLDivElement | null>;
  /** Whether the last message is in sight. */
  readonly atEnd: boolean;
  goTo(goal: Goal): void;
}

export interface ThreadScrollOptions {
  /** Whether the end of what is here is the end of the thread. */
  readonly isComplete: boolean;
  readonly isEmpty: boolean;
  /** Whether what is wanted may still come. */
  readonly isLoading: boolean;
  /** Called when the reader comes near one end. */
  onNear(end: "before" | "after"): void;
}

const endMargin = 24;
const nearMargin = 900;

export function useThreadScroll(options: ThreadScrollOptions): ThreadScroll {
  const { isComplete, isEmpty, isLoading, onNear } = options;
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const goal = useRef<Goal | null>({ to: "unread" });
  const stuck = useRef(true);
  const anchor = useRef<{ element: Element; top: number } | null>(null);
  const known = useRef({ height: 0, view: 0, top: 0 });
  const [atEnd, setAtEnd] = useState(true);

  /** Notes where the reader is. */
  const read = useStableCallback(() => {
    const view = scroller.current;
    if (!view) return;
    const { scrollTop, scrollHeight, clientHeight } = view;
    const below = scrollHeight - clientHeight - scrollTop;
    stuck.current = isComplete && below <= endMargin;
    anchor.current = list.current && firstInSight(list.current, view.getBoundingClientRect().top);
    known.current = { height: scrollHeight, view: clientHeight, top: scrollTop };
    setAtEnd(stuck.current);
    if (isEmpty || goal.current) return;
    if (scrollTop < nearMargin) onNear("before");
    if (below < nearMargin) onNear("after");
  });

  /** Puts things back to where the reader has them, after something has changed its size. */
  const settle = useStableCallback(() => {
    const view = scroller.current;
    if (!view || isEmpty || view.clientHeight === 0) return;
    const scrolled = view.scrollTop - known.current.top;
    const isClamped = scrolled < 0 && view.scrollTop >= view.scrollHeight - view.clientHeight - 1;
    if (Math.abs(scrolled) >= 1 && !isClamped) {
      // The reader has scrolled, and the event that says so is still to come.
      if (anchor.current) anchor.current.top -= scrolled;
      if (scrolled < 0) stuck.current = false;
    }
    if (goal.current && reach(goal.current, view, list.current, isComplete)) goal.current = null;
    else if (stuck.current && isComplete) view.scrollTop = view.scrollHeight;
    else if (anchor.current?.element.isConnected) {
      const { element, top } = anchor.current;
      const moved = element.getBoundingClientRect().top - view.getBoundingClientRect().top - top;
      if (Math.abs(moved) >= 0.5) view.scrollTop += moved;
    }
    read();
  });

  const goTo = useCallback(
    (next: Goal) => {
      goal.current = next;
      settle();
    },
    [settle],
  );

  useLayoutEffect(() => {
    settle();
    if (!isEmpty && !isLoading) goal.current = null;
  });

  useEffect(() => {
    const view = scroller.current;
    const inner = content.current;
    if (!view || !inner) return;
    const onScroll = () => {
      const { height, view: seen } = known.current;
      // A change that has not been settled yet is no movement of the reader's.
      if (view.scrollHeight !== height || view.clientHeight !== seen) settle();
      else read();
    };
    view.addEventListener("scroll", onScroll, { passive: true });
    const sizes = typeof ResizeObserver === "undefined" ? undefined : new ResizeObserver(settle);
    sizes?.observe(view);
    sizes?.observe(inner);
    return () => {
      view.removeEventListener("scroll", onScroll);
      sizes?.disconnect();
    };
  }, [read, settle]);

  return useMemo(() => ({ scroller, content, list, atEnd, goTo }), [atEnd, goTo]);
}

/** The topmost message in sight, and how far it is from the top. */
function firstInSight(list: HTMLElement, top: number): { element: Element; top: number } | null {
  const block = firstBelow(list.children, top);
  // Separators come and go; messages stay.
  for (let row = block && firstBelow(block.children, top); row; row = row.nextElementSibling ?? undefined) {
    if (!(row instanceof HTMLElement) || !row.dataset.seq) continue;
    return { element: row, top: row.getBoundingClientRect().top - top };
  }
  return null;
}

/** The first of elements that follow each other downwards which does not end above a height. */
function firstBelow(elements: HTMLCollection, height: number): Element | undefined {
  let low = 0;
  let high = elements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((elements[middle]?.getBoundingClientRect().bottom ?? 0) <= height) low = middle + 1;
    else high = middle;
  }
  return elements[low];
}

/** Whether the goal was reached; false while what is wanted is not here. */
function reach(goal: Goal, view: HTMLElement, list: HTMLElement | null, isComplete: boolean): boolean {
  if (goal.to === "message") {
    const row = list?.querySelector<HTMLElement>(`[data-seq="${goal.seq}"]`);
    if (!row) return false;
    const place = row.getBoundingClientRect();
    const spare = Math.max(0, (view.clientHeight - place.height) / 2);
    view.scrollTop += place.top - view.getBoundingClientRect().top - spare;
    flash(row);
    if (goal.focus) row.focus({ preventScroll: true });
    return true;
  }
  if (!isComplete) return false;
  const divider = goal.to === "unread" ? list?.querySelector("[data-unread]") : null;
  const day = divider?.previousElementSibling;
  const first = day?.matches("[data-day]") ? day : divider;
  view.scrollTop = first
    ? view.scrollTop + first.getBoundingClientRect().top - view.getBoundingClientRect().top
    : view.scrollHeight;
  return true;
}

function flash(row: HTMLElement): void {
  delete row.dataset.flash;
  // Reading a size makes the browser see the attribute go, so that its animation starts again.
  void row.offsetWidth;
  row.dataset.flash = "";
}
