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
    <path d="M4 10v9h16v-9M3 10l2-5h14l2 5M3 10q1.500 3 4.500 0 1.500 3 4.500 0 1.500 3 4.500 0 3 3 4.500 0M9.500 19v-5h5v5" />
  </Icon>
);
export const MessagesIcon = () => (
  <Icon>
    <path d="M5 5h14q1.500 0 1.500 1.500v8Q20.500 16 19 16h-7l-5 4v-4H5q-1.500 0-1.500-1.500v-8Q3.500 5 5 5zM8 9h8M8 12h5" />
  </Icon>
);
export const SidesIcon = () => (
  <Icon>
    <path d="M4.500 5h5Q11 5 11 6.500v11Q11 19 9.500 19h-5Q3 19 3 17.500v-11Q3 5 4.500 5zM14.500 5h5Q21 5 21 6.500v11q0 1.500-1.500 1.500h-5Q13 19 13 17.500v-11Q13 5 14.500 5z" />
  </Icon>
);
export const WindowIcon = () => (
  <Icon>
    <path d="M13 5h6v6M19 5l-8 8M10 6H6.500Q5 6 5 7.500v10Q5 19 6.500 19h10q1.500 0 1.500-1.500V14" />
  </Icon>
);
export const BackIcon = () => (
  <Icon>
    <path d="M14.500 6l-6 6 6 6" />
  </Icon>
);
export const ExpandIcon = () => (
  <Icon>
    <path d="M7 10l5 5 5-5" />
  </Icon>
);
export const SettingsIcon = () => (
  <Icon>
    <path d="M4 8h9M17 8h3M4 16h3M11 16h9M15 5.800a2.200 2.200 0 1 1 0 4.400 2.200 2.200 0 0 1 0-4.400zM9 13.800a2.200 2.200 0 1 1 0 4.400 2.200 2.200 0 0 1 0-4.400z" />
  </Icon>
);
export const PlaceIcon = () => (
  <Icon>
    <path d="M12 21q-6.500-6.500-6.500-11a6.500 6.500 0 0 1 13 0Q18.500 14.500 12 21zM12 7.700a2.300 2.300 0 1 1 0 4.600 2.300 2.300 0 0 1 0-4.600z" />
  </Icon>
);
export const CutIcon = () => (
  <Icon>
    <path d="M3 9q9-7 18 0M6 12.500q2.500-2.200 6-2.300M9 16q3-2.300 6 0M12 19h.01M4 4l16 16" />
  </Icon>
);
