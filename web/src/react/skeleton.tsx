// The outlines of what is about to be there.

export interface SkeletonProps {
  kind: "list" | "thread";
  label: string;
}

const counts = { list: 6, thread: 5 };

export function Skeleton({ kind, label }: SkeletonProps) {
  return (
    <div className={`msg-skeleton msg-skeleton-${kind}`} role="status">
      <span className="msg-hidden">{label}</span>
      {Array.from({ length: counts[kind] }, (_, index) => (
        <span key={index} className="msg-skeleton-row" aria-hidden="true">
          <span />
          <span />
          <span />
        </span>
      ))}
    </div>
  );
}
