// The nurse's telephone in the browser: one small interface, two ways to be one.
//
//   phone.connect()    register; resolves when calls can come
//   phone.answer()     take the call that rings
//   phone.hangUp()      her side only: the person stays on the line
//   phone.state        "connecting" | "waiting" | "ringing" | "talking" | "lost"; `onState` is told of each change
//
// The service places a call to this nurse; nothing is dialled from here.

class Phone {
  constructor(onState) {
    this.onState = onState;
    this.state = "connecting";
    this.heard = "";
  }

  become(state, heard = this.heard) {
    if (state === this.state && heard === this.heard) return;
    this.state = state;
    this.heard = heard;
    this.onState(this);
  }
}

/** The carrier's own telephone: sound and microphone of this computer. */
class CarrierPhone extends Phone {
  constructor(getToken, onState) {
    super(onState);
    this.getToken = getToken;
    this.call = null;
  }

  async connect() {
    const { token, edge } = await this.getToken();
    this.device = new window.Twilio.Device(token, {
      closeProtection: "A call is up. Leave all the same?",
      edge: edge ? [edge] : undefined,
      disableAudioContextSounds: true,
      tokenRefreshMs: 60_000,
    });
    this.device.audio?.incoming(false); // our own page rings: the SDK's sounds come from another host
    this.device.audio?.outgoing(false);
    this.device.audio?.disconnect(false);
    this.device.on("registered", () => this.become(this.call ? this.state : "waiting"));
    this.device.on("unregistered", () => this.become("lost"));
    this.device.on("error", () => this.become(this.call ? this.state : "lost"));
    this.device.on("tokenWillExpire", async () => this.device.updateToken((await this.getToken()).token));
    this.device.on("incoming", (call) => this.incoming(call));
    await this.device.register();
  }

  incoming(call) {
    this.call = call;
    call.on("accept", () => this.become("talking"));
    for (const end of ["disconnect", "cancel", "reject", "error"]) {
      call.on(end, () => {
        this.call = null;
        this.become("waiting");
      });
    }
    this.become("ringing");
  }

  answer() {
    this.call?.accept();
  }

  hangUp() {
    if (this.state === "ringing") this.call?.reject();
    else this.call?.disconnect();
  }
}

/** Stands in for it with the carrier on this machine: what would be heard is shown as words. */
class StandIn extends Phone {
  constructor(url, identity, onState) {
    super(onState);
    this.control = `${url.replace(/\/$/, "")}/control`;
    this.identity = `client:${identity}`;
    this.sid = null;
    this.asking = false;
  }

  async connect() {
    await this.look();
    const ticker = new Worker(new URL("./ticker.js", import.meta.url));
    ticker.onmessage = () => this.look();
  }

  async look() {
    if (this.asking) return;
    this.asking = true;
    try {
      const answer = await fetch(`${this.control}/phones/${this.identity}`, { signal: AbortSignal.timeout(3000) });
      const { calls } = await answer.json();
      const mine = calls.filter((call) => call.incoming && ["ringing", "in-progress"].includes(call.status)).at(-1);
      this.sid = mine?.sid ?? null;
      if (!mine) this.become("waiting", "");
      else this.become(mine.status === "ringing" ? "ringing" : "talking", mine.conference ? "" : mine.heard.slice(-2).map(words).join(" "));
    } catch {
      this.become("lost");
    } finally {
      this.asking = false;
    }
  }

  async do(what) {
    if (!this.sid) return;
    await fetch(`${this.control}/calls/${this.sid}/${what}`, {
      method: "POST",
    }).catch(() => this.become("lost"));
    await this.look();
  }

  answer() {
    return this.do("answer");
  }

  hangUp() {
    return this.do("hangup");
  }
}

const words = (heard) => (typeof heard === "string" ? heard : (heard.text ?? ""));

/** The telephone this nurse's settings call for, or none. `getSettings` is asked again for each new token. */
export async function softphone(getSettings, onState) {
  const settings = await getSettings();
  if (settings.kind === "twilio") return new CarrierPhone(getSettings, onState);
  if (settings.kind === "stand_in") return new StandIn(settings.url, settings.identity, onState);
  return null;
}
