// A function that stays the same while what it does is always the latest: for listeners and memoised children.
import { useCallback, useLayoutEffect, useRef } from "react";

/** Not to be called while rendering. */
export function useStableCallback<Args extends unknown[], Result>(
  callback: (...args: Args) => Result,
): (...args: Args) => Result {
  const latest = useRef(callback);
  useLayoutEffect(() => {
    latest.current = callback;
  });
  return useCallback((...args: Args) => latest.current(...args), []);
}
