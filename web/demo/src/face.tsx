// A person of the demo, as a coloured disc with initials.
import { people } from "./marketplace";

interface FaceProps {
  id: string;
  name: string;
  size?: "small" | "medium" | "large";
}

/** Decoration, and no text that a name would have to contain: the name stands beside it. */
export function Face({ id, name, size = "medium" }: FaceProps) {
  const initials = name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((part) => [...part][0])
    .join("");
  return (
    <span className="face" data-size={size} data-hue={hueOf(id)} data-initials={initials} aria-hidden="true" />
  );
}

/** The people of the demo have a colour each. */
function hueOf(id: string): number {
  const place = people.findIndex((person) => person.id === id);
  if (place >= 0) return place % 8;
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}
