// The client without React, for any page, a bot or a test.
export { createMessagingClient } from "./messenger";
export { initialState } from "./initial";
export { byActivity, conversationsOf, outgoingOf, statusOf } from "./selectors";
export type * from "./types";
export type * from "../wire";
