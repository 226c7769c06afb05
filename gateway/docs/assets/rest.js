// Starts Swagger UI on the page of the REST API, in the reader's colours.

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

window.SwaggerUIBundle({
  url: '/openapi.json',
  domNode: document.querySelector('#rest'),
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  // The description is not sent to a validator elsewhere.
  validatorUrl: null,
  // Neither is a token kept when the page is left.
  persistAuthorization: false,
  syntaxHighlight: false,
});
