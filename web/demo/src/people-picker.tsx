// The people of the demo, each a card that signs the visitor in with one click.
import { Refused } from "./refused";
import { Face } from "./face";
import { firstNameOf, people, pictureOf, productsOf } from "./marketplace";
import { useContinueAs } from "./use-continue-as";
import { useWords } from "./words";

interface PeoplePickerProps {
  onDone(): void;
  /** Cards with a picture, or plain rows. */
  look: "cards" | "rows";
}

export function PeoplePicker({ onDone, look }: PeoplePickerProps) {
  const words = useWords();
  const { continueAs, busyWith, refusal } = useContinueAs(onDone);
  return (
    <>
      {refusal && <Refused refusal={refusal} />}
      <ul className="people" data-look={look}>
        {people.map((person) => {
          const product = productsOf(person.id)[0];
          return (
            <li key={person.id}>
              <button
                type="button"
                className="person-card"
                aria-disabled={busyWith !== null || undefined}
                data-busy={busyWith === person.id || undefined}
                onClick={() => continueAs(person.id)}
              >
                <Face id={person.id} name={person.name} />
                <span className="person-card-words">
                  <strong>{words.continueAs(firstNameOf(person.name))}</strong>
                  <span className="visually-hidden">: </span>
                  <span className="faint">{words.about[person.id]}</span>
                </span>
                {look === "cards" && product && (
                  <img className="person-card-picture" src={pictureOf(product)} alt="" width="80" height="80" />
                )}
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
