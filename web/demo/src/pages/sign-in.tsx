// An account of one's own: logging in or making one. Or somebody of the demo, after all.
import { useCallback, useId, useRef, useState, type FormEvent } from "react";
import { Refusal } from "../accounts";
import { PeoplePicker } from "../people-picker";
import { Refused } from "../refused";
import { go, links } from "../route";
import { session, useWho } from "../state";
import { useWords } from "../words";

export function SignInPage({ next }: { next: string | null }) {
  const words = useWords();
  const who = useWho();
  const [isNew, setIsNew] = useState(false);
  // Only back to a page of the demo, whatever a link says.
  const target = next?.startsWith("#/") ? next : links.market();
  const onDone = useCallback(() => go(target), [target]);
  const { account } = words;
  return (
    <div className="page sign-in">
      <section className="sign-in-form">
        <h1>{isNew ? account.register : account.logIn}</h1>
        <p className="faint">{who ? account.alreadyIn(who.name) : account.text}</p>
        <AccountForm key={String(isNew)} isNew={isNew} onDone={onDone} />
        <p>
          {isNew ? account.haveAccount : account.noAccount}{" "}
          <button type="button" className="link" onClick={() => setIsNew(!isNew)}>
            {isNew ? account.toLogIn : account.toRegister}
          </button>
        </p>
      </section>
      <section className="sign-in-people" aria-labelledby="or-demo">
        <h2 id="or-demo">{account.orDemo}</h2>
        <PeoplePicker onDone={onDone} look="rows" />
      </section>
    </div>
  );
}

function AccountForm({ isNew, onDone }: { isNew: boolean; onDone(): void }) {
  const { account } = useWords();
  const [isBusy, setIsBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const form = useRef<HTMLFormElement>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) return;
    const fields = new FormData(event.currentTarget);
    const field = (name: string) => String(fields.get(name) ?? "");
    setIsBusy(true);
    setRefusal(null);
    try {
      if (isNew) await session.register(field("email"), field("password"), field("displayName"));
      else await session.logIn(field("email"), field("password"));
      onDone();
    } catch (thrown) {
      setRefusal(thrown instanceof Refusal ? thrown : new Refusal(null));
      setIsBusy(false);
    }
  }

  return (
    <form ref={form} className="form" noValidate onSubmit={(event) => void submit(event)}>
      {refusal && (
        <Refused
          refusal={refusal}
          {...(refusal.problem === null && { onRetry: () => form.current?.requestSubmit() })}
        />
      )}
      {isNew && (
        <Field
          name="displayName"
          label={account.displayName}
          hint={account.displayNameHint}
          autoComplete="name"
          refusal={refusal}
        />
      )}
      <Field name="email" type="email" label={account.email} autoComplete="username" refusal={refusal} />
      <Field
        name="password"
        type="password"
        label={account.password}
        {...(isNew && { hint: account.passwordHint })}
        autoComplete={isNew ? "new-password" : "current-password"}
        refusal={refusal}
      />
      <button type="submit" className="button" aria-disabled={isBusy || undefined}>
        {isBusy ? account.busy : isNew ? account.submitRegister : account.submitLogIn}
      </button>
    </form>
  );
}

interface FieldProps {
  name: string;
  type?: "text" | "email" | "password";
  label: string;
  hint?: string;
  autoComplete: string;
  refusal: Refusal | null;
}

function Field({ name, type = "text", label, hint, autoComplete, refusal }: FieldProps) {
  const words = useWords();
  const id = useId();
  const problem = refusal?.problem;
  const fault = problem?.errors?.find((error) => error.field === name);
  const error = problem && fault && (words.fieldError(name, problem) ?? fault.message);
  const note = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        aria-invalid={error ? true : undefined}
        aria-describedby={note ? `${id}-note` : undefined}
      />
      {note && (
        <p id={`${id}-note`} className={error ? "field-error" : "faint"}>
          {note}
        </p>
      )}
    </div>
  );
}
