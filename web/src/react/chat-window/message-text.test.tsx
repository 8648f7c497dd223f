// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import { isEmojiOnly, MessageText } from "./message-text";

afterEach(cleanup);

describe("the words of a message", () => {
  test("markup is shown as it was written", () => {
    const text = '<img src=x onerror="alert(1)"><script>alert(1)</script>';
    const { container } = render(<MessageText text={text} />);
    expect(container.textContent).toBe(text);
    expect(container.querySelector("img, script")).toBeNull();
  });

  test("a link opens apart and tells the other side nothing", () => {
    render(<MessageText text="https://a.example" />);
    const link = screen.getByRole("link");
    expect(link.getAttribute("target")).toBe("_blank");
    expect(link.getAttribute("rel")).toBe("noopener noreferrer nofollow ugc");
  });

  test.each(["🎉", "👍🏽 ❤️", "👨‍👩‍👧", "🇫🇷🇬🇧"])("%s is only emoji", (text) => expect(isEmojiOnly(text)).toBe(true));
  test.each(["1", "#", "ok 👍", "", " ", "🎉".repeat(40)])("%j is not", (text) => expect(isEmojiOnly(text)).toBe(false));
});
