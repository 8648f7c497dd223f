// A menu button: opens a short list of actions, which arrow keys walk through.
import { type KeyboardEvent, useEffect, useId, useRef } from "react";
import { IconButton } from "./icon-button";
import { MoreIcon } from "./icons";
import { Popover } from "./popover";
import { useRootProps } from "./root-props";

export interface MenuItem {
  key: string;
  label: string;
  danger?: boolean;
  onSelect(): void;
}

export interface MenuProps {
  label: string;
  items: readonly MenuItem[];
  open: boolean;
  onOpenChange(open: boolean): void;
}

export function Menu({ label, items, open, onOpenChange }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  return (
    <>
      <IconButton
        ref={button}
        label={label}
        icon={<MoreIcon />}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => onOpenChange(!open)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || open) return;
          event.preventDefault();
          onOpenChange(true);
        }}
      />
      {open && (
        <Popover anchor={button} onClose={() => onOpenChange(false)} className="msg-popover-layer">
          <MenuItems id={id} label={label} items={items} onClose={() => onOpenChange(false)} />
        </Popover>
      )}
    </>
  );
}

type MenuItemsProps = Pick<MenuProps, "label" | "items"> & { id: string; onClose(): void };

function MenuItems({ id, label, items, onClose }: MenuItemsProps) {
  const list = useRef<HTMLDivElement>(null);
  const root = useRootProps("msg-menu");
  useEffect(() => focusItem(list.current, 0), []);
  return (
    <div {...root} ref={list} id={id} role="menu" aria-label={label} onKeyDown={(event) => walk(event, onClose)}>
      {items.map((item) => (
        <button
          key={item.key}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className="msg-menu-item"
          data-danger={item.danger || undefined}
          onClick={() => {
            onClose();
            item.onSelect();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}

function focusItem(list: HTMLElement | null, index: number): void {
  const items = list?.querySelectorAll<HTMLElement>("[role=menuitem]");
  if (items?.length) items[(index + items.length) % items.length]?.focus();
}

function walk(event: KeyboardEvent<HTMLElement>, onClose: () => void): void {
  const list = event.currentTarget;
  const at = [...list.querySelectorAll("[role=menuitem]")].indexOf(document.activeElement ?? list);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    focusItem(list, to);
  } else if (event.key === "Tab") onClose();
}
