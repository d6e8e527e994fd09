// What the page's modules must not do, beside what the type checker finds.
import js from "@eslint/js";
import globals from "globals";

/** Ways to make markup or code of text: `h()` makes elements. */
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc"].map((property) => ({
  property,
  message: "Text is inserted as text: make elements with h().",
}));

/** A request in a variable fails with nobody waiting for it when another that is awaited first fails, too. */
const BEGUN = {
  selector: "VariableDeclarator > CallExpression[callee.type='MemberExpression'][callee.object.property.name='api']",
  message: "Await it, or give it to Promise.all() with what is asked for beside it.",
};

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: "latest", sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-restricted-properties": ["error", ...MARKUP, { object: "document", property: "write" }],
      "no-restricted-syntax": ["error", BEGUN],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "prefer-const": "error",
      "no-var": "error",
      eqeqeq: "error",
    },
  },
];
