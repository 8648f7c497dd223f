// Becoming somebody of the demo with one click, and what to show when that fails.
import { useCallback, useState } from "react";
import { Refusal } from "./accounts";
import { session } from "./state";

export interface ContinueAs {
  continueAs(id: string): void;
  /** Whom the visitor is about to become. */
  readonly busyWith: string | null;
  readonly refusal: Refusal | null;
}

export function useContinueAs(onDone: () => void): ContinueAs {
  const [busyWith, setBusyWith] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const continueAs = useCallback(
    (id: string) => {
      if (busyWith !== null) return;
      setBusyWith(id);
      setRefusal(null);
      session
        .continueAs(id)
        .then(onDone, (thrown: unknown) =>
          setRefusal(thrown instanceof Refusal ? thrown : new Refusal(null)),
        )
        .finally(() => setBusyWith(null));
    },
    [busyWith, onDone],
  );
  return { continueAs, busyWith, refusal };
}
