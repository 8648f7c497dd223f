// One side of two: a person with a connection and an inbox of their own, whoever the visitor is otherwise.
import { useCallback, useEffect, useState } from "react";
import { Inbox, MessagingProvider, useConversations, useUnread, WebSocketStatus } from "../../src/react";
import { Refusal } from "./accounts";
import { Face } from "./face";
import { ExpandIcon } from "./icons";
import { firstNameOf } from "./marketplace";
import { Refused } from "./refused";
import { network, session, themeChoice, useChoice, useIsCut } from "./state";
import { useLocale, useWords } from "./words";

export interface SidePerson {
  readonly id: string;
  readonly name: string;
}

interface SideProps {
  label: string;
  person: SidePerson;
  /** Who stands on the other side. */
  other: SidePerson;
  choices: readonly SidePerson[];
  onChoose(id: string): void;
  isShown: boolean;
  /** Where there is room for one side only: shows this one. */
  onShow?: () => void;
}

export function Side(props: SideProps) {
  const { person, other, isShown } = props;
  const words = useWords();
  const locale = useLocale();
  const theme = useChoice(themeChoice);
  const { isAdmitted, refusal, admit } = useAdmission(person.id);
  const getToken = useCallback(
    (reason: { expired: boolean }) => (isAdmitted ? session.tokenOf(person.id, reason) : null),
    [isAdmitted, person.id],
  );
  return (
    // Until the person has a login there is nobody to connect as.
    <MessagingProvider
      userKey={isAdmitted ? person.id : null}
      getToken={getToken}
      locale={locale}
      theme={theme === "system" ? "inherit" : theme}
      onSignIn={admit}
      fetch={network.fetch}
      WebSocket={network.WebSocket}
    >
      <section className="side" aria-label={person.name} data-shown={isShown}>
        <SideHeader {...props} />
        {isShown && (
          <div className="side-body">
            {isAdmitted ? (
              <SideInbox key={`${person.id} ${other.id}`} other={other} />
            ) : refusal ? (
              <Refused refusal={refusal} onRetry={admit} />
            ) : (
              <p className="side-wait" role="status">
                {words.sides.opening(firstNameOf(person.name))}
              </p>
            )}
          </div>
        )}
      </section>
    </MessagingProvider>
  );
}

function SideHeader({ label, person, choices, onChoose, isShown, onShow }: SideProps) {
  const { sides } = useWords();
  const unread = useUnread();
  const pick = (
    <select
      aria-label={label}
      title={label}
      value={person.id}
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      {choices.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
  const count = unread > 0 && (
    <span className="side-unread">
      <span aria-hidden="true">{unread}</span>
      <span className="visually-hidden">{sides.unread(unread)}</span>
    </span>
  );
  if (onShow) {
    return (
      <header className="side-header">
        <button type="button" className="side-show" aria-pressed={isShown} onClick={onShow}>
          <Face id={person.id} name={person.name} size="small" />
          <span className="side-name">{firstNameOf(person.name)}</span>
          {count}
        </button>
        <span className="side-swap">
          <ExpandIcon />
          {pick}
        </span>
      </header>
    );
  }
  return (
    <header className="side-header">
      <Face id={person.id} name={person.name} size="small" />
      {pick}
      {count}
      <WebSocketStatus className="side-status" />
    </header>
  );
}

/** Begins with the conversation that both sides have with each other, where there is one. */
function SideInbox({ other }: { other: SidePerson }) {
  const { conversations, status } = useConversations();
  const [chosen, setChosen] = useState<string | null>();
  const common = conversations.filter(({ counterpart }) => counterpart.id === other.id);
  const first = common.find(({ lastMessage }) => lastMessage) ?? common[0];
  const settled = chosen === undefined ? (status === "ready" ? (first?.id ?? null) : null) : chosen;
  return <Inbox conversationId={settled} onConversationChange={setChosen} />;
}

/** Lets a person in: gives them a login in this browser if they have none. */
function useAdmission(id: string) {
  const [admitted, setAdmitted] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [attempt, setAttempt] = useState(0);
  const isCut = useIsCut();
  useEffect(() => {
    let isWanted = true;
    session.admit(id).then(
      () => {
        if (!isWanted) return;
        setAdmitted(id);
        setRefusal(null);
      },
      (thrown: unknown) => isWanted && setRefusal(thrown instanceof Refusal ? thrown : new Refusal(null)),
    );
    return () => {
      isWanted = false;
    };
    // Also tried again once the connection is back.
  }, [id, attempt, isCut]);
  const admit = useCallback(() => {
    setAdmitted(null);
    setRefusal(null);
    setAttempt((count) => count + 1);
  }, []);
  return { isAdmitted: admitted === id, refusal, admit };
}
