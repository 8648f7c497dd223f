// Whether a page keeps to its width: nothing to scroll to sideways, and nothing cut off at the edge.
import type { Page } from "@playwright/test";
import { expect } from "./test";

export async function expectNothingSideways(page: Page, state = page.url()): Promise<void> {
  const found = await page.evaluate(() => {
    const { clientWidth } = document.documentElement;
    const isCutOnPurpose = (element: Element): boolean => {
      for (let at: Element | null = element.parentElement; at; at = at.parentElement) {
        if (getComputedStyle(at).textOverflow === "ellipsis") return true;
      }
      return false;
    };
    const sticksOut = (element: Element): boolean => {
      const { left, right, width, height } = element.getBoundingClientRect();
      return width > 1 && height > 1 && (left < -1 || right > clientWidth + 1);
    };
    const scrolled = [...document.querySelectorAll("body *")].filter(
      (element) =>
        element.scrollWidth > element.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(element).overflowX),
    );
    const out = [...document.querySelectorAll("body *")].filter(
      (element) => element.checkVisibility() && sticksOut(element) && !isCutOnPurpose(element),
    );
    return {
      wide: document.documentElement.scrollWidth - clientWidth,
      scrolled: scrolled.map(({ tagName, className }) => `${tagName} ${className}`),
      out: out.map(({ tagName, className, textContent }) => `${tagName} ${className} ${textContent?.slice(0, 40)}`),
    };
  });
  expect(found, state).toEqual({ wide: 0, scrolled: [], out: [] });
}
