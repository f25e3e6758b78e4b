/** What every page needs: the look of the site and live status lines. */

import "../styles/tokens.css";
import "../styles/site.css";
