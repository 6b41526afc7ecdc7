// The colours that were chosen here, before anything is drawn in others. Not a module, since modules run later.
try {
  document.documentElement.dataset.theme = JSON.parse(localStorage.getItem('cheeper.theme'));
} catch {
  // Nothing can be kept here: the system's colours it is.
}
