/** What every page needs: the look of the site and live status lines. */

import { watchSession } from "../shared/session.ts";
import "../styles/tokens.css";
import "../styles/site.css";
import "../styles/account.css";
import "../styles/session.css";

watchSession();
