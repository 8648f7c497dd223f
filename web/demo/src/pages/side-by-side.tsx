// Two people on one screen: what one does, the other sees. Where there is room for one only, one at a time.
import { useState } from "react";
import { counterpartOf, people } from "../marketplace";
import { links, replace } from "../route";
import { Side, type SidePerson } from "../side";
import { useWho } from "../state";
import { useMedia } from "../use-media";
import { useWords } from "../words";

export function SideBySidePage({ left, right }: { left: string | null; right: string | null }) {
  const { sides } = useWords();
  const who = useWho();
  const hasRoom = useMedia("(min-width: 760px)");
  const [shown, setShown] = useState<"left" | "right">("left");

  const choices: SidePerson[] = who && !who.isDemo ? [who, ...people] : [...people];
  const find = (id: string | null | undefined) => choices.find((person) => person.id === id);
  const onLeft = find(left) ?? find(who?.id) ?? counterpartOf(undefined);
  const asked = find(right);
  const onRight = asked && asked.id !== onLeft.id ? asked : counterpartOf(onLeft.id);

  function choose(side: "left" | "right", id: string) {
    const [kept, present] = side === "left" ? [onRight, onLeft] : [onLeft, onRight];
    // Whoever stands on the other side already changes places.
    const other = id === kept.id ? present.id : kept.id;
    replace(side === "left" ? links.sideBySide(id, other) : links.sideBySide(other, id));
  }

  return (
    <div className="sides">
      <h1 className="visually-hidden">{sides.title}</h1>
      <Side
        label={sides.left}
        person={onLeft}
        other={onRight}
        choices={choices}
        onChoose={(id) => choose("left", id)}
        isShown={hasRoom || shown === "left"}
        {...(!hasRoom && { onShow: () => setShown("left") })}
      />
      <Side
        label={sides.right}
        person={onRight}
        other={onLeft}
        choices={choices}
        onChoose={(id) => choose("right", id)}
        isShown={hasRoom || shown === "right"}
        {...(!hasRoom && { onShow: () => setShown("right") })}
      />
    </div>
  );
}
