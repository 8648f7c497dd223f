// What is shown where there is nothing else: kind words, and what to do.
import type { ReactNode } from "react";

export interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  hint?: string;
  /** Whether it has to be read out: a failure. */
  alert?: boolean;
  action?: { label: string; run(): void };
}

export function EmptyState({ icon, title, hint, alert = false, action }: EmptyStateProps) {
  return (
    <div className="msg-empty" role={alert ? "alert" : undefined}>
      {icon && <span className="msg-empty-icon">{icon}</span>}
      <p className="msg-empty-title" dir="auto">
        {title}
      </p>
      {hint && <p className="msg-empty-hint">{hint}</p>}
      {action && (
        <button type="button" className="msg-button" onClick={() => action.run()}>
          {action.label}
        </button>
      )}
    </div>
  );
}
