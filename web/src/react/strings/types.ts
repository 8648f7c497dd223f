// Every phrase by its key: what the `strings` prop of the provider may replace.
import type { Phrase } from "../text";
import type { ChatStrings } from "./chat";
import type { ErrorStrings } from "./errors";
import type { NotificationStrings } from "./notifications";
import type { StartStrings } from "./start";
import type { StatusStrings } from "./status";

/** A system message is said by `system_` and its code; `{name}` stands for its parameter of that name. */
export type SystemStrings = { readonly [code in `system_${string}`]: Phrase };

export type Strings = ChatStrings & ErrorStrings & NotificationStrings & StartStrings & StatusStrings;

export type StringOverrides = Partial<Strings> & SystemStrings;
