// Whether one points with a mouse or with a finger: Enter and focus mean different things then.

/** True also where it cannot be known. */
export function hasFinePointer(): boolean {
  return typeof matchMedia !== "function" || matchMedia("(hover: hover) and (pointer: fine)").matches;
}
