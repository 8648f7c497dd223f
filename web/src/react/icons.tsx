// The icons, drawn on a grid of 24 in the colour of the text around them.
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="msg-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

function Path({ d }: { d: string }) {
  return (
    <Icon>
      <path d={d} />
    </Icon>
  );
}

export const ChatIcon = () => (
  <Path d="M20 11.5c0 4.1-3.6 7.5-8 7.5-1.2 0-2.4-.25-3.4-.7L4 19.5l1.2-3.7A7.2 7.2 0 0 1 4 11.5C4 7.4 7.6 4 12 4s8 3.4 8 7.5Z" />
);
export const SendIcon = () => <Path d="M5 12h13M12.5 6.5 18 12l-5.5 5.5" />;
export const BackIcon = () => (
  <span className="msg-flip">
    <Path d="M14.5 5.5 8 12l6.5 6.5" />
  </span>
);
export const UpIcon = () => <Path d="m6 14.5 6-6 6 6" />;
export const DownIcon = () => <Path d="m6 9.5 6 6 6-6" />;
export const CloseIcon = () => <Path d="m6.5 6.5 11 11m0-11-11 11" />;
export const CheckIcon = () => <Path d="m5.5 12.5 4.5 4.5 8.5-9.5" />;
export const PencilIcon = () => <Path d="m5 19 .8-3.8L16 5l3 3L8.8 18.2 5 19Z" />;
export const BellOffIcon = () => (
  <Path d="M9 18.5a3 3 0 0 0 6 0M7 9.5v3L5.5 16H15m3-1.5-1-2.5V9.5a5 5 0 0 0-8-4M4 4l16 16" />
);
export const BoxIcon = () => <Path d="M4.5 8.5 12 4.5l7.5 4v7L12 19.5l-7.5-4v-7Zm0 0 7.5 4 7.5-4m-7.5 4v7" />;
export const AlertIcon = () => <Path d="M12 8v5m0 3.2v.1M12 4 3.5 19h17L12 4Z" />;
export const SearchIcon = () => (
  <Icon>
    <circle cx="11" cy="11" r="5.5" />
    <path d="m15.2 15.2 4 4" />
  </Icon>
);
export const MoreIcon = () => (
  <Icon>
    <g fill="currentColor" stroke="none">
      <circle cx="6" cy="12" r="1.6" />
      <circle cx="12" cy="12" r="1.6" />
      <circle cx="18" cy="12" r="1.6" />
    </g>
  </Icon>
);
export const PersonIcon = () => (
  <Icon>
    <circle cx="12" cy="9" r="3.5" />
    <path d="M5.5 19c.8-3.2 3.4-5 6.5-5s5.7 1.8 6.5 5" />
  </Icon>
);
export const ClockIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="7.5" />
    <path d="M12 8v4.2l2.8 1.8" />
  </Icon>
);
/** One tick, or two that overlap. */
export const TickIcon = ({ double }: { double: boolean }) => (
  <Path d={double ? "m3 12.5 4 4 8-9m-3.5 7.5 1.5 1.5 8-9" : "m6.5 12.5 4 4 8-9"} />
);
