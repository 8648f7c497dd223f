// A person's picture, or their initials on a colour that is theirs.
import { useState } from "react";
import type { User } from "../wire";
import { PersonIcon } from "./icons";
import { hueOf, initialsOf, safeUrl } from "./names";

export interface AvatarProps {
  user: User;
  name: string;
  online?: boolean;
}

export function Avatar({ user, name, online }: AvatarProps) {
  const [failed, setFailed] = useState<string>();
  const url = user.erased ? undefined : safeUrl(user.avatarUrl);
  const initials = user.erased ? "" : initialsOf(name);
  return (
    <span className="msg-avatar" data-hue={user.erased ? "none" : hueOf(user.id)} aria-hidden="true">
      {url && url !== failed ? (
        <img src={url} alt="" loading="lazy" referrerPolicy="no-referrer" onError={() => setFailed(url)} />
      ) : (
        initials || <PersonIcon />
      )}
      {online && <span className="msg-avatar-online" />}
    </span>
  );
}
