// Letters as they are searched for.

/** Lower case without accents: "Sobrecarga atrial" is found by "sobrecarga", "elétrico" by "eletrico". */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
