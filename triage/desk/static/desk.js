// The nurse desk beside its live parts: the draft that saves itself, the tone for danger now, the browser telephone.

import "./conversations.js";
import "./draft.js";
import "./tone.js";
import "./phone_bar.js";
