// The demo's few pictograms. All are decoration: what they stand for is said in words beside them.
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const MarketIcon = () => (
  <Icon>
    <path d="M4 10v9h16v-9" />
    <path d="M3 10l2-5h14l2 5" />
    <path d="M3 10q1.5 3 4.5 0 1.5 3 4.5 0 1.5 3 4.5 0 3 3 4.5 0" />
    <path d="M9.5 19v-5h5v5" />
  </Icon>
);
export const MessagesIcon = () => (
  <Icon>
    <path d="M5 5h14q1.5 0 1.5 1.5v8Q20.5 16 19 16h-7l-5 4v-4H5q-1.5 0-1.5-1.5v-8Q3.5 5 5 5z" />
    <path d="M8 9h8" />
    <path d="M8 12h5" />
  </Icon>
);
export const SidesIcon = () => (
  <Icon>
    <path d="M4.5 5h5Q11 5 11 6.5v11Q11 19 9.5 19h-5Q3 19 3 17.5v-11Q3 5 4.5 5z" />
    <path d="M14.5 5h5Q21 5 21 6.5v11q0 1.5-1.5 1.5h-5Q13 19 13 17.5v-11Q13 5 14.5 5z" />
  </Icon>
);
export const WindowIcon = () => (
  <Icon>
    <path d="M13 5h6v6M19 5l-8 8M10 6H6.5Q5 6 5 7.5v10Q5 19 6.5 19h10q1.5 0 1.5-1.5V14" />
  </Icon>
);
export const BackIcon = () => (
  <Icon>
    <path d="M14.5 6l-6 6 6 6" />
  </Icon>
);
export const ExpandIcon = () => (
  <Icon>
    <path d="M7 10l5 5 5-5" />
  </Icon>
);
export const SettingsIcon = () => (
  <Icon>
    <path d="M4 8h9" />
    <path d="M17 8h3" />
    <path d="M4 16h3" />
    <path d="M11 16h9" />
    <path d="M15 5.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4z" />
    <path d="M9 13.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4z" />
  </Icon>
);
export const PlaceIcon = () => (
  <Icon>
    <path d="M12 21q-6.5-6.5-6.5-11a6.5 6.5 0 0 1 13 0Q18.5 14.5 12 21z" />
    <path d="M12 7.7a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6z" />
  </Icon>
);
export const CutIcon = () => (
  <Icon>
    <path d="M3 9q9-7 18 0M6 12.5q2.5-2.2 6-2.3M9 16q3-2.3 6 0M12 19h.01M4 4l16 16" />
  </Icon>
);
