// Random ids. `crypto.randomUUID` is only there in secure contexts, which a phone that looks at a machine of
// the same network by its address is not.

/** A random UUID, version 4 (RFC 9562 §5.4). */
export function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  // The version, and of the four variants that mean the same always the same.
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}
