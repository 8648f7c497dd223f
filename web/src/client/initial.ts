// What is known before anything is: apart from the reducer, so that a page can show it before the client is loaded.
import type { ConversationListState, State } from "./types";

const emptyList: ConversationListState = { status: "idle", hasMore: true };

/** The state of a client that has not begun. */
export const initialState: State = {
  me: null,
  connection: { status: "connecting" },
  inbox: emptyList,
  archive: emptyList,
  conversations: {},
  threads: {},
  outbox: {},
  drafts: {},
  typing: {},
  presence: {},
  unreadTotal: 0,
  position: null,
  epoch: null,
  editWindowMs: 15 * 60_000,
};
