document.documentElement.dataset.js="";
