// One choice of a few, as a row of buttons that look like one.
import { useId } from "react";

interface ChoiceButtonsProps<T extends string> {
  label: string;
  /** Whether the label is only read out. */
  isLabelHidden?: boolean;
  options: readonly { value: T; label: string; lang?: string; note?: string }[];
  value: T;
  onChange(value: T): void;
}

export function ChoiceButtons<T extends string>(props: ChoiceButtonsProps<T>) {
  const { label, isLabelHidden = false, options, value, onChange } = props;
  const name = useId();
  return (
    <fieldset className="choice">
      <legend className={isLabelHidden ? "visually-hidden" : undefined}>{label}</legend>
      <div className="choice-options">
        {options.map((option) => (
          <label key={option.value} lang={option.lang}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>
              {option.label}
              {option.note && <span className="choice-note">{option.note}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
