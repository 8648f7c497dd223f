// Who the visitor is, whom they could be instead, and how the page looks, speaks and is connected.
import { useId, useRef } from "react";
import { useMessaging } from "../../src/react";
import { ChoiceButtons } from "./choice-buttons";
import { Face } from "./face";
import { SettingsIcon } from "./icons";
import { firstNameOf, people } from "./marketplace";
import { Refused } from "./refused";
import { go, links } from "./route";
import { languageChoice, network, session, themeChoice, useChoice, useIsCut, useWho } from "./state";
import { useContinueAs } from "./use-continue-as";
import { useWords } from "./words";

export function PersonMenu() {
  const words = useWords();
  const who = useWho();
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const messaging = useMessaging();
  const name = who ? words.menu.open(who.name) : words.menu.openSignedOut;
  return (
    <>
      <button type="button" className="person-button" popoverTarget={id} aria-label={name} title={name}>
        {who ? (
          <>
            <Face id={who.id} name={who.name} size="small" />
            <span className="person-button-name">{firstNameOf(who.name)}</span>
          </>
        ) : (
          <SettingsIcon />
        )}
      </button>
      <div ref={menu} id={id} className="person-menu" popover="auto" role="dialog" aria-label={name}>
        {who && <Identity close={() => menu.current?.hidePopover()} />}
        <Settings />
        {who && (
          <button
            type="button"
            className="button"
            data-kind="quiet"
            onClick={() => {
              menu.current?.hidePopover();
              go(links.market());
              // Drafts and unsent messages must not stay for whoever uses this device next.
              void messaging?.forget();
              void session.signOut();
            }}
          >
            {words.menu.signOut}
          </button>
        )}
      </div>
    </>
  );
}

function Identity({ close }: { close(): void }) {
  const words = useWords();
  const who = useWho();
  const { continueAs, busyWith, refusal } = useContinueAs(close);
  if (!who) return null;
  return (
    <section className="identity">
      <p className="identity-who">
        <Face id={who.id} name={who.name} />
        <span>
          <span className="faint">{words.menu.you}</span>
          <strong dir="auto">{who.name}</strong>
          <span className="faint">{who.isDemo ? words.about[who.id] : words.menu.ownAccount}</span>
        </span>
      </p>
      <p className="label">{words.menu.switchTo}</p>
      <ul className="identity-people">
        {people
          .filter((person) => person.id !== who.id)
          .map((person) => (
            <li key={person.id}>
              <button type="button" aria-disabled={busyWith !== null} onClick={() => continueAs(person.id)}>
                <Face id={person.id} name={person.name} size="small" />
                {firstNameOf(person.name)}
              </button>
            </li>
          ))}
      </ul>
      {refusal && <Refused refusal={refusal} />}
    </section>
  );
}

function Settings() {
  const words = useWords();
  const language = useChoice(languageChoice);
  const theme = useChoice(themeChoice);
  const isCut = useIsCut();
  const { menu } = words;
  const hint = useId();
  return (
    <section className="settings">
      <ChoiceButtons
        label={menu.language}
        value={language}
        onChange={languageChoice.set}
        options={[
          { value: "auto", label: menu.languageAuto },
          { value: "en", label: "English", lang: "en" },
          { value: "fr", label: "Français", lang: "fr" },
        ]}
      />
      <ChoiceButtons
        label={menu.theme}
        value={theme}
        onChange={themeChoice.set}
        options={[
          { value: "system", label: menu.themeSystem },
          { value: "light", label: menu.themeLight },
          { value: "dark", label: menu.themeDark },
        ]}
      />
      <label className="switch">
        <span>
          {menu.cut}
          <span id={hint} className="faint">
            {menu.cutHint}
          </span>
        </span>
        <input
          type="checkbox"
          role="switch"
          aria-describedby={hint}
          checked={isCut}
          onChange={(event) => network.cut(event.currentTarget.checked)}
        />
      </label>
    </section>
  );
}
