// Generated from openapi.json and asyncapi.json by scripts/generate-types.js. Do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export type components = {
    schemas: {
        /**
         * @description Whether a product can still be had.
         * @enum {string}
         */
        Availability: "available" | "reserved" | "sold" | "unknown";
        /**
         * @description Who blocks.
         * @enum {string}
         */
        Blocked: "none" | "byMe" | "byCounterpart";
        /** @description Why the session ends. */
        Bye: {
            /**
             * Format: int64
             * @description How many milliseconds to wait before that.
             */
            afterMs?: number;
            /**
             * Format: int32
             * @description The code of the close frame that follows.
             */
            code: number;
            /** @description The same in words. */
            reason: string;
            /** @description Whether the same client may come back on its own. */
            reconnect: boolean;
        };
        ByeFrame: {
            data: components["schemas"]["Bye"];
            /** @constant */
            event: "bye";
        };
        /** @description The message was changed. */
        Changed: {
            /** @description As it is now. */
            message: components["schemas"]["Message"];
        };
        /** @description The caller's own settings; what is left out stays as it is. */
        ChangeSettings: {
            /** @description Out of the inbox, until the next message of the counterpart. */
            archived?: boolean | null;
            /** @description No messages between the two people, in any conversation. */
            blocked?: boolean | null;
            /** @description Not counted in `unreadTotal`. */
            muted?: boolean | null;
        };
        /** @description Any frame of a client. */
        ClientFrame: components["schemas"]["HelloOpFrame"] | components["schemas"]["MessageSendOpFrame"] | components["schemas"]["MessageEditOpFrame"] | components["schemas"]["MessageDeleteOpFrame"] | components["schemas"]["ConversationReadOpFrame"] | components["schemas"]["ConversationDeliveredOpFrame"] | components["schemas"]["RoomJoinOpFrame"] | components["schemas"]["RoomLeaveOpFrame"] | components["schemas"]["TypingOpFrame"] | components["schemas"]["TokenRefreshOpFrame"] | components["schemas"]["PingOpFrame"];
        /**
         * @description Every code that a problem can have.
         * @enum {string}
         */
        Code: "unauthenticated" | "forbidden" | "not_found" | "invalid" | "too_long" | "unsupported_content" | "self_conversation" | "blocked" | "conversation_closed" | "idempotency_mismatch" | "stale_revision" | "edit_window_over" | "rate_limited" | "overloaded" | "resync" | "unknown_op" | "internal";
        /** @description What a message says. More kinds may come: show one that is not known as such. */
        Content: {
            /** @enum {string} */
            kind: "text";
            /** @description 1 to 4,000 code points, trimmed, with `\n` line ends. */
            text: string;
        } | {
            /** @description What happened, in snake case. */
            code: string;
            /** @enum {string} */
            kind: "system";
            /** @description What the sentence needs. */
            params: {
                [key: string]: string;
            };
        } | {
            /** @enum {string} */
            kind: "deleted";
        };
        /** @description A conversation as the caller sees it. */
        Conversation: {
            /** @description Out of the caller's inbox, until the counterpart writes. */
            archived: boolean;
            /** @description Who blocks; the caller's own block is told first. */
            blocked: components["schemas"]["Blocked"];
            /** @description True when the other person is gone for good, and else left out. */
            closed?: boolean;
            /** @description The other person. */
            counterpart: components["schemas"]["User"];
            /**
             * Format: int64
             * @description Up to where a device of the counterpart has the messages.
             */
            counterpartDeliveredSeq: number;
            /**
             * Format: int64
             * @description Up to where the counterpart has read.
             */
            counterpartReadSeq: number;
            /**
             * Format: date-time
             * @description When it was started.
             */
            createdAt: string;
            /**
             * Format: int64
             * @description Up to where a device of the caller has the messages.
             */
            deliveredSeq: number;
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was started or last written in: what the inbox is sorted by.
             */
            lastActivityAt: string;
            lastMessage: components["schemas"]["Message"] | null;
            /**
             * Format: int64
             * @description The newest message's place; 0 when there is none.
             */
            lastSeq: number;
            /** @description Not counted in `unreadTotal`. */
            muted: boolean;
            product: components["schemas"]["Product"] | null;
            /**
             * Format: int64
             * @description Up to where the caller has read.
             */
            readSeq: number;
            /** @description The caller's side. */
            role: components["schemas"]["Role"];
            /**
             * Format: int64
             * @description The counterpart's messages after `readSeq` that are not deleted.
             */
            unreadCount: number;
        };
        ConversationCreatedFrame: {
            data: components["schemas"]["ConversationEvent"];
            /** @constant */
            event: "conversation.created";
            /**
             * Format: int64
             * @description Its place in the receiver's stream: 1, 2, 3 … without a gap.
             */
            position: number;
            unread: components["schemas"]["UnreadState"];
        };
        ConversationDeliveredOkFrame: {
            ok: components["schemas"]["Nothing"];
            reply: components["schemas"]["FrameId"] | null;
        };
        ConversationDeliveredOpFrame: components["schemas"]["MoveCursor"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "conversation.delivered";
        };
        /** @description A conversation. */
        ConversationEvent: {
            /** @description The conversation. */
            conversation: components["schemas"]["Conversation"];
        };
        ConversationReadOkFrame: {
            ok: components["schemas"]["ReadState"];
            reply: components["schemas"]["FrameId"] | null;
        };
        ConversationReadOpFrame: components["schemas"]["MoveCursor"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "conversation.read";
        };
        ConversationUpdatedFrame: {
            data: components["schemas"]["ConversationEvent"];
            /** @constant */
            event: "conversation.updated";
            /**
             * Format: int64
             * @description Its place in the receiver's stream: 1, 2, 3 … without a gap.
             */
            position: number;
            unread: components["schemas"]["UnreadState"];
        };
        /** @description Whether the counterpart is connected. */
        CounterpartPresence: {
            /**
             * Format: date-time
             * @description When their last session ended, if that is known.
             */
            lastSeenAt?: string;
            /** @description Whether they are connected. */
            online: boolean;
            /** @description Who. */
            userId: string;
        };
        /** @description Where somebody's cursors stand. */
        CursorMoved: {
            /** @description In which conversation. */
            conversationId: string;
            /**
             * Format: int64
             * @description Up to where a device of theirs has the messages.
             */
            deliveredSeq: number;
            /**
             * Format: int64
             * @description Up to where they have read.
             */
            readSeq: number;
            /** @description Whose cursors. */
            userId: string;
        };
        CursorMovedFrame: {
            data: components["schemas"]["CursorMoved"];
            /** @constant */
            event: "cursor.moved";
            /**
             * Format: int64
             * @description Its place in the receiver's stream: 1, 2, 3 … without a gap.
             */
            position: number;
            unread: components["schemas"]["UnreadState"];
        };
        /** @description What happened, with its object as the receiver sees it. */
        DurableEvent: {
            /** @description A message was appended. */
            data: components["schemas"]["MessageEvent"];
            /** @enum {string} */
            event: "message.created";
        } | {
            /** @description A message was edited or deleted. */
            data: components["schemas"]["MessageEvent"];
            /** @enum {string} */
            event: "message.updated";
        } | {
            /** @description A conversation was started. */
            data: components["schemas"]["ConversationEvent"];
            /** @enum {string} */
            event: "conversation.created";
        } | {
            /** @description One's own settings, a block or the conversation's end. */
            data: components["schemas"]["ConversationEvent"];
            /** @enum {string} */
            event: "conversation.updated";
        } | {
            /** @description A cursor of either person moved. */
            data: components["schemas"]["CursorMoved"];
            /** @enum {string} */
            event: "cursor.moved";
        };
        /** @description A new text for one's own message. */
        EditMessage: {
            /** @description The new text. */
            content: components["schemas"]["NewContent"];
            /**
             * Format: int64
             * @description The revision that the caller last saw.
             */
            revision: number;
        };
        ErrorFrame: {
            error: components["schemas"]["Problem"];
            reply: components["schemas"]["FrameId"] | null;
        };
        /** @description A durable event: one of the user's stream, as the WebSocket sends it and `/sync` lists it. */
        EventFrame: components["schemas"]["DurableEvent"] & {
            /**
             * Format: int64
             * @description Its place in the receiver's stream: 1, 2, 3 … without a gap.
             */
            position: number;
            /** @description What the receiver has unread once it has happened: a badge or a list needs no arithmetic. */
            unread: components["schemas"]["UnreadState"];
        };
        /**
         * @description What becomes of an erased person's messages.
         * @enum {string}
         */
        Fate: "keep" | "delete";
        /** @description What is wrong with a field. */
        FieldProblem: {
            /** @description What a client can act on. */
            code: components["schemas"]["Code"];
            /**
             * @description The field as the client wrote it, a dot between levels.
             * @example content.text
             */
            field: string;
            /** @description What is expected instead, for people. */
            message: string;
        };
        /** @description By which a client finds the reply to its frame. */
        FrameId: number | string;
        HeartbeatFrame: {
            data: components["schemas"]["Place"];
            /** @constant */
            event: "heartbeat";
        };
        /** @description The first frame of a session. */
        Hello: {
            /** @description What the client says of itself; nothing depends on it. */
            client?: unknown;
            /** @description Where the client stands, to get the events that it missed. */
            since?: components["schemas"]["Since"];
            /** @description An access token. */
            token: string;
        };
        HelloOkFrame: {
            ok: components["schemas"]["Welcome"];
            reply: components["schemas"]["FrameId"] | null;
        };
        HelloOpFrame: components["schemas"]["Hello"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "hello";
        };
        /** @description A page of the caller's conversations, latest activity first. */
        Inbox: {
            /**
             * Format: uuid
             * @description Of which numbering `position` is.
             */
            epoch: string;
            /** @description The conversations. */
            items: components["schemas"]["Conversation"][];
            /** @description Where the next page begins, if there is one. */
            nextCursor?: string;
            /**
             * Format: int64
             * @description The caller's position, read no later than the items: events after it may be applied to them.
             */
            position: number;
            /**
             * Format: int64
             * @description What is left unread in all conversations that are neither archived nor muted.
             */
            unreadTotal: number;
        };
        /** @description The room was joined. */
        Joined: {
            /** @description Of the counterpart. */
            presence: components["schemas"]["CounterpartPresence"];
        };
        /** @description What a client has to keep to. */
        Limits: {
            /**
             * Format: int64
             * @description How long a message may be edited.
             */
            editWindowMs: number;
            /** @description The longest frame or message, in bytes. */
            frameBytes: number;
            /**
             * Format: int64
             * @description How long a session may be silent; a protocol ping counts.
             */
            idleMs: number;
            /**
             * Format: int32
             * @description Ops at once after a pause.
             */
            opsBurst: number;
            /**
             * Format: int32
             * @description Ops a second that a session may keep up.
             */
            opsPerSecond: number;
            /**
             * Format: int64
             * @description Events that may have been missed for a session to be resumed.
             */
            resumeEvents: number;
            /** @description Rooms of one session. */
            rooms: number;
            /**
             * Format: int64
             * @description How much later one more may be sent.
             */
            sendEveryMs: number;
            /**
             * Format: int32
             * @description Messages, edits included, that a user may send at once after a pause, over all sessions.
             */
            sendsBurst: number;
            /** @description Sessions of one user; one more ends the oldest. */
            sessions: number;
            /** @description The longest text, in Unicode code points after trimming. */
            textCharacters: number;
            /**
             * Format: int64
             * @description Between two starts of typing that are forwarded.
             */
            typingEveryMs: number;
        };
        LiveFrame: {
            data: components["schemas"]["Place"];
            /** @constant */
            event: "live";
        };
        /** @description A person who logs in. */
        LogIn: {
            /** @description Whether the refresh token comes as a cookie only. */
            cookie?: boolean | null;
            /**
             * Format: email
             * @description Whose account.
             */
            email: string;
            /**
             * Format: password
             * @description Its password.
             */
            password: string;
        };
        /** @description Up to where the caller has read. */
        MarkRead: {
            /**
             * Format: int64
             * @description The place of the last message read. Never moves the cursor back or past the newest message.
             */
            seq: number;
        };
        /** @description A message, as it was when this object was made. */
        Message: {
            /**
             * Format: uuid
             * @description The id that the sender's client made.
             */
            clientId: string;
            /** @description What it says. */
            content: components["schemas"]["Content"];
            /**
             * Format: uuid
             * @description The conversation it belongs to.
             */
            conversationId: string;
            /**
             * Format: date-time
             * @description When it was stored.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it was deleted.
             */
            deletedAt?: string;
            /**
             * Format: date-time
             * @description When its text was last edited.
             */
            editedAt?: string;
            /**
             * Format: int64
             * @description 1 as sent, one more with each change.
             */
            revision: number;
            /** @description Who wrote it. */
            senderId: string;
            /**
             * Format: int64
             * @description Its place there: 1, 2, 3 … without a gap. It is the order.
             */
            seq: number;
            /** @description How far it has come. */
            status: components["schemas"]["Status"];
        };
        MessageCreatedFrame: {
            data: components["schemas"]["MessageEvent"];
            /** @constant */
            event: "message.created";
            /**
             * Format: int64
             * @description Its place in the receiver's stream: 1, 2, 3 … without a gap.
             */
            position: number;
            unread: components["schemas"]["UnreadState"];
        };
        /** @description One's own message, to be deleted. */
        MessageDelete: {
            /**
             * Format: uuid
             * @description Where.
             */
            conversationId: string;
            /**
             * Format: int64
             * @description The message's place.
             */
            seq: number;
        };
        MessageDeleteOkFrame: {
            ok: components["schemas"]["Changed"];
            reply: components["schemas"]["FrameId"] | null;
        };
        MessageDeleteOpFrame: components["schemas"]["MessageDelete"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "message.delete";
        };
        /** @description A new text for one's own message. */
        MessageEdit: {
            /** @description The new text. */
            content: components["schemas"]["NewContent"];
            /**
             * Format: uuid
             * @description Where.
             */
            conversationId: string;
            /**
             * Format: int64
             * @description The revision that the client last saw.
             */
            revision: number;
            /**
             * Format: int64
             * @description The message's place.
             */
            seq: number;
        };
        MessageEditOkFrame: {
            ok: components["schemas"]["Changed"];
            reply: components["schemas"]["FrameId"] | null;
        };
        MessageEditOpFrame: components["schemas"]["MessageEdit"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "message.edit";
        };
        /** @description A message. */
        MessageEvent: {
            /** @description The message. */
            message: components["schemas"]["Message"];
        };
        /** @description A page of a conversation's messages in rising `seq`. */
        MessagePage: {
            /** @description The conversation. */
            conversation: components["schemas"]["Conversation"];
            /** @description There are newer ones. */
            hasAfter: boolean;
            /** @description There are older ones. */
            hasBefore: boolean;
            /** @description The messages. */
            items: components["schemas"]["Message"][];
        };
        MessageSendOkFrame: {
            ok: components["schemas"]["Sent"];
            reply: components["schemas"]["FrameId"] | null;
        };
        MessageSendOpFrame: components["schemas"]["SendMessage"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "message.send";
        };
        MessageUpdatedFrame: {
            data: components["schemas"]["MessageEvent"];
            /** @constant */
            event: "message.updated";
            /**
             * Format: int64
             * @description Its place in the receiver's stream: 1, 2, 3 … without a gap.
             */
            position: number;
            unread: components["schemas"]["UnreadState"];
        };
        /** @description A run of the caller's durable events without a gap. */
        Missed: {
            /**
             * Format: uuid
             * @description Of which numbering the positions are.
             */
            epoch: string;
            /** @description The events in order, as the WebSocket sends them, each with its object as it is now. */
            events: components["schemas"]["EventFrame"][];
            /** @description Whether there are more. */
            more: boolean;
            /**
             * Format: int64
             * @description The position of the last of them, or `since` when there is none.
             */
            position: number;
        };
        /** @description The word of a frame that a cursor of the caller is at a place: `conversation.read` and `.delivered`. */
        MoveCursor: {
            /**
             * Format: uuid
             * @description Where.
             */
            conversationId: string;
            /**
             * Format: int64
             * @description The place.
             */
            seq: number;
        };
        /** @description What a person wants to say. */
        NewContent: {
            /** @enum {string} */
            kind: "text";
            /** @description 1 to 4,000 code points after trimming; no control characters but newline and tab. */
            text: string;
        };
        /** @description Done; there is nothing to say. */
        Nothing: Record<string, never>;
        /**
         * @description Why missed events do not follow.
         * @enum {string}
         */
        NotResumed: "new" | "epoch" | "ahead" | "too_far";
        PingOkFrame: {
            ok: components["schemas"]["Pong"];
            reply: components["schemas"]["FrameId"] | null;
        };
        PingOpFrame: components["schemas"]["Nothing"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "ping";
        };
        /** @description A place in the receiver's stream. */
        Place: {
            /**
             * Format: int64
             * @description Of the last durable event that was sent.
             */
            position: number;
        };
        /** @description The service is there. */
        Pong: {
            /**
             * Format: date-time
             * @description Its clock.
             */
            now: string;
        };
        /** @description Whether the counterpart is connected. */
        Presence: {
            /** @description In which room. */
            conversationId: string;
            /**
             * Format: date-time
             * @description When their last session ended.
             */
            lastSeenAt?: string;
            /** @description Whether they are connected. */
            online: boolean;
            /** @description Who. */
            userId: string;
        };
        PresenceFrame: {
            data: components["schemas"]["Presence"];
            /** @constant */
            event: "presence";
        };
        /** @description A refusal as clients see it, on both transports. */
        Problem: {
            /** @description What a client can act on. */
            code: components["schemas"]["Code"];
            /** @description What is the matter this time, for people. */
            detail: string;
            /** @description What is wrong with which field. */
            errors?: components["schemas"]["FieldProblem"][];
            /**
             * Format: int64
             * @description After how many milliseconds to try again; with `rate_limited` and `overloaded`.
             */
            retryAfterMs?: number;
            /**
             * Format: int32
             * @description The HTTP status, also when it comes over the WebSocket.
             */
            status: number;
            /** @description The code in words; the same for each problem of this code. */
            title: string;
            /**
             * @description Where the reference explains this code, as a relative reference.
             * @example /docs#problem-not_found
             */
            type: string;
        };
        /** @description What a conversation is about. */
        Product: {
            /** @description The price's currency (ISO 4217). */
            currency?: string;
            /** @description The marketplace's id. */
            id: string;
            /** @description Where a picture is: `http`, `https`, or a path of the page's own site. */
            imageUrl?: string;
            /**
             * Format: int64
             * @description Its price in the currency's minor unit (cents).
             */
            priceMinor?: number;
            /** @description Who sells it. */
            sellerId: string;
            /** @description Whether it can still be had. */
            status: components["schemas"]["Availability"];
            /** @description What it is called. */
            title?: string;
            /** @description Where its page is: `http`, `https`, or a path of the page's own site. */
            url?: string;
        };
        /** @description What a marketplace says about a product. */
        PutProduct: {
            /** @description The price's currency (ISO 4217). */
            currency?: string | null;
            /** @description Where a picture is: an `http` or `https` URL, or a path of the page's own site, such as `/pictures/1.svg`. */
            imageUrl?: string | null;
            /**
             * Format: int64
             * @description Its price in the currency's minor unit (cents).
             */
            priceMinor?: number | null;
            /** @description Who sells it. */
            sellerId: string;
            status?: components["schemas"]["Availability"] | null;
            /** @description What it is called: 1 to 300 characters on one line. */
            title: string;
            /** @description Where its page is: an `http` or `https` URL, or a path of the page's own site, such as `/products/1`. */
            url?: string | null;
        };
        /** @description What a marketplace says about a person. */
        PutUser: {
            /** @description Where a picture is: `https://`, `http://` or `/…`. */
            avatarUrl?: string | null;
            /** @description What to call them: 1 to 200 characters on one line. */
            displayName: string;
            /** @description Their language, as in `fr` or `en-GB` (BCP 47). */
            locale?: string | null;
        };
        /** @description How the caller's cursor and badge stand now. */
        ReadState: {
            /**
             * Format: int64
             * @description Where the caller's read cursor stands.
             */
            readSeq: number;
            /**
             * Format: int64
             * @description What is left unread in the conversation.
             */
            unreadCount: number;
            /**
             * Format: int64
             * @description What is left unread in all conversations that are neither archived nor muted.
             */
            unreadTotal: number;
        };
        /** @description A refresh token; left out when it comes as a cookie. */
        Refresh: {
            /** @description The token. */
            refreshToken?: string | null;
        };
        /** @description The session goes on with the new token. */
        Refreshed: {
            /**
             * Format: date-time
             * @description When it ends unless the token is refreshed again.
             */
            tokenExpiresAt: string;
        };
        /** @description A person who wants an account. */
        Register: {
            /** @description Whether the refresh token comes as a cookie only. */
            cookie?: boolean | null;
            /** @description What to call them: 1 to 200 characters on one line. */
            displayName: string;
            /**
             * Format: email
             * @description By which they log in.
             */
            email: string;
            /**
             * Format: password
             * @description 8 to 1,024 bytes of anything but what everybody tries first.
             */
            password: string;
        };
        /**
         * @description A side of a conversation.
         * @enum {string}
         */
        Role: "buyer" | "seller";
        /** @description The room of a conversation, to be joined or left. */
        Room: {
            /**
             * Format: uuid
             * @description Of which conversation.
             */
            conversationId: string;
        };
        RoomJoinOkFrame: {
            ok: components["schemas"]["Joined"];
            reply: components["schemas"]["FrameId"] | null;
        };
        RoomJoinOpFrame: components["schemas"]["Room"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "room.join";
        };
        RoomLeaveOkFrame: {
            ok: components["schemas"]["Nothing"];
            reply: components["schemas"]["FrameId"] | null;
        };
        RoomLeaveOpFrame: components["schemas"]["Room"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "room.leave";
        };
        /** @description A message that was found. */
        SearchHit: {
            /** @description Its conversation. */
            conversation: components["schemas"]["Conversation"];
            /** @description What matched: start and exclusive end, in code points of `text`. */
            highlights: number[][];
            /** @description The message. */
            message: components["schemas"]["Message"];
        };
        /** @description A page of found messages, latest first. */
        SearchPage: {
            /** @description The messages. */
            items: components["schemas"]["SearchHit"][];
            /** @description Where the next page begins, if there is one. */
            nextCursor?: string;
        };
        /** @description A message to be sent. */
        SendMessage: {
            /**
             * Format: uuid
             * @description A UUID that the client makes for this message, and uses again when it retries.
             */
            clientId: string;
            /** @description What. */
            content: components["schemas"]["NewContent"];
            /**
             * Format: uuid
             * @description Where.
             */
            conversationId: string;
        };
        /** @description The message was sent. */
        Sent: {
            /** @description Whether it had been sent before. */
            duplicate: boolean;
            /** @description As stored; of a retry, as it is now. */
            message: components["schemas"]["Message"];
        };
        /** @description Any frame of the service. */
        ServerFrame: components["schemas"]["HelloOkFrame"] | components["schemas"]["MessageSendOkFrame"] | components["schemas"]["MessageEditOkFrame"] | components["schemas"]["MessageDeleteOkFrame"] | components["schemas"]["ConversationReadOkFrame"] | components["schemas"]["ConversationDeliveredOkFrame"] | components["schemas"]["RoomJoinOkFrame"] | components["schemas"]["RoomLeaveOkFrame"] | components["schemas"]["TypingOkFrame"] | components["schemas"]["TokenRefreshOkFrame"] | components["schemas"]["PingOkFrame"] | components["schemas"]["ErrorFrame"] | components["schemas"]["MessageCreatedFrame"] | components["schemas"]["MessageUpdatedFrame"] | components["schemas"]["ConversationCreatedFrame"] | components["schemas"]["ConversationUpdatedFrame"] | components["schemas"]["CursorMovedFrame"] | components["schemas"]["TypingFrame"] | components["schemas"]["PresenceFrame"] | components["schemas"]["HeartbeatFrame"] | components["schemas"]["LiveFrame"] | components["schemas"]["TokenExpiringFrame"] | components["schemas"]["ByeFrame"];
        /** @description A person who is logged in. */
        Session: {
            /** @description For `Authorization: Bearer`, and for the `hello` of the WebSocket. */
            accessToken: string;
            /**
             * Format: int64
             * @description How many seconds the access token is good for.
             */
            expiresIn: number;
            /** @description For `POST /api/auth/refresh`, once; left out when it came as a cookie. */
            refreshToken?: string;
            /** @description Who. */
            user: components["schemas"]["User"];
        };
        /** @description Whether the client's user writes. */
        SetTyping: {
            /** @description Writes, or stopped. Say it again every few seconds while it lasts. */
            active: boolean;
            /**
             * Format: uuid
             * @description Where.
             */
            conversationId: string;
        };
        /** @description Where a client stands. */
        Since: {
            /** @description The numbering that the position belongs to. */
            epoch: string;
            /**
             * Format: int64
             * @description The last position that it applied.
             */
            position: number;
        };
        /** @description A conversation to be started or found, perhaps with its first message. */
        StartConversation: {
            /**
             * Format: uuid
             * @description A UUID that the client makes for the message; together with `content`.
             */
            clientId?: string | null;
            content?: components["schemas"]["NewContent"] | null;
            /** @description What it is about. */
            productId?: string | null;
            /** @description With whom. */
            sellerId: string;
        };
        /** @description A conversation that was started or found. */
        Started: {
            /** @description The conversation. */
            conversation: components["schemas"]["Conversation"];
            /** @description The first message, when there was to be one. */
            message?: components["schemas"]["Message"];
        };
        /**
         * @description How far a message has come, by the counterpart's cursors.
         * @enum {string}
         */
        Status: "sent" | "delivered" | "read";
        /** @description How long the token is still good. */
        TokenExpiring: {
            /**
             * Format: int64
             * @description In how many milliseconds the session ends.
             */
            inMs: number;
        };
        TokenExpiringFrame: {
            data: components["schemas"]["TokenExpiring"];
            /** @constant */
            event: "token.expiring";
        };
        /** @description A token to go on with. */
        TokenRefresh: {
            /** @description An access token of the same user. */
            token: string;
        };
        TokenRefreshOkFrame: {
            ok: components["schemas"]["Refreshed"];
            reply: components["schemas"]["FrameId"] | null;
        };
        TokenRefreshOpFrame: components["schemas"]["TokenRefresh"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "token.refresh";
        };
        /** @description Whether the counterpart writes. */
        Typing: {
            /** @description Whether they write. */
            active: boolean;
            /** @description Where. */
            conversationId: string;
            /**
             * Format: int64
             * @description After how many milliseconds to forget it; a message of that user ends it too.
             */
            expiresInMs: number;
            /** @description Who. */
            userId: string;
        };
        TypingFrame: {
            data: components["schemas"]["Typing"];
            /** @constant */
            event: "typing";
        };
        TypingOkFrame: {
            ok: components["schemas"]["Nothing"];
            reply: components["schemas"]["FrameId"] | null;
        };
        TypingOpFrame: components["schemas"]["SetTyping"] & {
            id?: components["schemas"]["FrameId"];
            /** @constant */
            op: "typing";
        };
        /** @description What somebody has unread. */
        UnreadState: {
            /**
             * Format: int64
             * @description In the event's conversation.
             */
            count: number;
            /**
             * Format: int64
             * @description In all conversations that are neither archived nor muted.
             */
            total: number;
        };
        /** @description What a badge shows. */
        UnreadTotals: {
            /**
             * Format: int64
             * @description How many such conversations have any.
             */
            conversations: number;
            /**
             * Format: int64
             * @description Unread messages in conversations that are neither archived nor muted.
             */
            unreadTotal: number;
        };
        /** @description A person as others see them. */
        User: {
            /** @description Where a picture is: `http`, `https`, or a path of the page's own site. */
            avatarUrl?: string;
            /** @description What to call them. */
            displayName: string;
            /** @description True for a person who was erased, and else left out. */
            erased?: boolean;
            /** @description The marketplace's id. */
            id: string;
        };
        /** @description The session is open. */
        Welcome: {
            /** @description The numbering that positions belong to. */
            epoch: string;
            /**
             * Format: int64
             * @description How long the service is silent at most; nothing for much longer means a lost connection.
             */
            heartbeatMs: number;
            /** @description What a client has to keep to. */
            limits: components["schemas"]["Limits"];
            /**
             * Format: int64
             * @description Where the user's stream stands.
             */
            position: number;
            /** @description Why they do not. */
            reason?: components["schemas"]["NotResumed"];
            /** @description Whether the missed events follow. If not, take a snapshot once `live` has come. */
            resumed: boolean;
            /** @description This session, for logs. */
            sessionId: string;
            /**
             * Format: date-time
             * @description When the session ends unless the token is refreshed.
             */
            tokenExpiresAt: string;
            /** @description Whose token it was. */
            user: components["schemas"]["User"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
};
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
