/**
 * Plotly writes its rules into a style element, which our content security policy forbids. An
 * element of that name and class tells it to leave that to plotly.css; it must exist before Plotly
 * is loaded, so this module is imported first.
 */

import "plotly.js/dist/plotly.css";

const marker = document.createElement("meta");
marker.id = "plotly.js-style-global";
marker.className = "no-inline-styles";
document.head.append(marker);
