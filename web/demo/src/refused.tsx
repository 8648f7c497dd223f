// Says why a sign-in came to nothing, and lets the visitor try again where that helps.
import type { Refusal } from "./accounts";
import { useIsCut } from "./state";
import { useWords } from "./words";

export function Refused({ refusal, onRetry }: { refusal: Refusal; onRetry?: () => void }) {
  const words = useWords();
  const isCut = useIsCut();
  return (
    <div className="form-error" role="alert">
      <p>{isCut && !refusal.problem ? words.cut.refused : words.refused(refusal.problem)}</p>
      {onRetry && (
        <button type="button" className="button" data-kind="quiet" onClick={onRetry}>
          {words.tryAgain}
        </button>
      )}
    </div>
  );
}
