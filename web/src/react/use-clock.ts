// The time, in steps: whoever shows "5 minutes ago" or "Yesterday" is shown anew when it changes.
import { useCallback, useSyncExternalStore } from "react";

/** Milliseconds since 1970, rounded down to `stepMs`. */
export function useClock(stepMs: number): number {
  const subscribe = useCallback(
    (listener: () => void) => {
      let timer: ReturnType<typeof setTimeout>;
      const wait = () => {
        timer = setTimeout(() => {
          listener();
          wait();
        }, stepMs - (Date.now() % stepMs) + 5);
      };
      wait();
      return () => clearTimeout(timer);
    },
    [stepMs],
  );
  const now = () => Math.floor(Date.now() / stepMs) * stepMs;
  return useSyncExternalStore(subscribe, now, now);
}
