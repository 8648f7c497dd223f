// For an address that names no page.
import { links } from "../route";
import { useWords } from "../words";

export function MissingPage() {
  const { missing } = useWords();
  return (
    <section className="page missing">
      <h1>{missing.title}</h1>
      <p>{missing.text}</p>
      <a className="button" href={links.market()}>
        {missing.back}
      </a>
    </section>
  );
}
