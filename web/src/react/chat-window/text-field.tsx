// Where one writes: grows with its text, knows its limit, and sends with Enter where there is a keyboard.
import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
} from "react";
import { hasFinePointer } from "../pointer";
import { chatStrings } from "../strings/chat";
import { useText } from "../use-text";

export interface TextFieldHandle {
  focus(): void;
}

export interface TextFieldProps {
  ref: Ref<TextFieldHandle>;
  value: string;
  label: string;
  placeholder: string;
  submitLabel: string;
  submitIcon: ReactNode;
  busy?: boolean;
  /** What went wrong, in words. */
  error?: string;
  onChange(value: string): void;
  onSubmit(): void;
  onBlur?(): void;
  /** Handles keys before the field does, by preventing their default. */
  onKey?(event: KeyboardEvent<HTMLTextAreaElement>): void;
}

/** As long as a message may be, in code points after trimming. */
const limit = 4_000;
const countFrom = 3_600;

export function TextField(props: TextFieldProps) {
  const { ref, value, label, placeholder, submitLabel, submitIcon, busy = false, error } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const noteId = useId();
  const t = useText(chatStrings);
  useAutoGrow(area, value);
  useImperativeHandle(ref, () => ({
    focus() {
      area.current?.focus({ preventScroll: true });
      area.current?.setSelectionRange(area.current.value.length, area.current.value.length);
    },
  }));

  const text = value.trim();
  const left = limit - lengthOf(text);
  const sendable = text !== "" && left >= 0 && !busy;
  const counted = limit - left >= countFrom ? t("left", { count: left }) : "";
  const note = left < 0 ? t("tooLong", { count: -left }) : (error ?? counted);
  const submit = () => {
    if (sendable) props.onSubmit();
  };

  return (
    <form
      className="msg-field"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
        area.current?.focus({ preventScroll: true });
      }}
    >
      <div className="msg-field-box" data-state={left < 0 || error ? "invalid" : undefined}>
        <textarea
          ref={area}
          className="msg-field-area"
          rows={1}
          dir="auto"
          value={value}
          placeholder={placeholder}
          aria-label={label}
          aria-invalid={left < 0 || undefined}
          aria-describedby={noteId}
          enterKeyHint={hasFinePointer() ? "send" : "enter"}
          onChange={(event) => props.onChange(event.currentTarget.value)}
          onBlur={() => props.onBlur?.()}
          onKeyDown={(event) => {
            // Enter also ends a composition: of Japanese, say. It is no wish to send then.
            if (event.nativeEvent.isComposing || event.keyCode === 229) return;
            props.onKey?.(event);
            if (event.defaultPrevented || event.key !== "Enter" || event.shiftKey || event.altKey) return;
            if (!hasFinePointer() && !event.ctrlKey && !event.metaKey) return;
            event.preventDefault();
            submit();
          }}
        />
        <button
          type="submit"
          className="msg-send"
          aria-label={submitLabel}
          title={submitLabel}
          aria-disabled={!sendable}
          // The field keeps the focus, and a phone its keyboard.
          onPointerDown={(event) => event.preventDefault()}
        >
          {submitIcon}
        </button>
      </div>
      <p id={noteId} className="msg-field-note" data-state={left < 0 || error ? "error" : undefined} role="status">
        {note}
      </p>
    </form>
  );
}

function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** For browsers that do not size a field by its content themselves. */
function useAutoGrow(ref: { current: HTMLTextAreaElement | null }, value: string): void {
  useLayoutEffect(() => {
    const area = ref.current;
    if (!area || (typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content"))) return;
    area.style.blockSize = "auto";
    area.style.blockSize = `${area.scrollHeight}px`;
  }, [ref, value]);
}
