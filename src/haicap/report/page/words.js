"use strict";
// The page's data, its words in two languages, and the one way in which elements are made: text is never read as HTML.

const data = JSON.parse(document.getElementById("data").textContent);
const LANGUAGES = ["en", "vi"];
let language = 0;

/** The word of a key in the language that is chosen; a key that is no word of ours stays as it is. */
function word(key) {
  return Object.hasOwn(data.words, key) ? data.words[key][language] : key;
}

/** An element with attributes and children; strings become text. */
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

/** A word that changes with the language. */
function spoken(key) {
  return Object.hasOwn(data.words, key) ? el("span", { "data-word": key }, word(key)) : document.createTextNode(key);
}

/** Say all words on the page in this language. */
function speak(code) {
  language = Math.max(0, LANGUAGES.indexOf(code));
  document.documentElement.lang = LANGUAGES[language];
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of document.querySelectorAll("[data-word-label]")) {
    one.setAttribute("aria-label", word(one.dataset.wordLabel));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === LANGUAGES[language]));
  }
}
