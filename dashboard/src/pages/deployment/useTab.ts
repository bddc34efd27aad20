import { useSearchParams } from "wouter";

/** One of several words that is kept in the URL; the first one is left out of it. */
export function useTab<T extends string>(key: string, words: readonly [T, ...T[]]): [T, (word: string | null) => void] {
  const [search, setSearch] = useSearchParams();
  const wanted = search.get(key);
  const chosen = words.find((word) => word === wanted) ?? words[0];
  const choose = (word: string | null) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (word === null || word === words[0]) after.delete(key);
        else after.set(key, word);
        return after;
      },
      { replace: true },
    );
  return [chosen, choose];
}
