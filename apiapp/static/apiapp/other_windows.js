/** Which files another window of this browser is working on, so that two do not offer the same. */

const ANSWER_MS = 150;

export class OtherWindows {
  #channel = new BroadcastChannel("sluice.files");
  #asked = new Map(); // file id -> ends the question

  /** @param {(fileId: string) => boolean} isOurs whether this window works on that file */
  constructor(isOurs) {
    this.#channel.onmessage = ({ data: { question, answer } }) => {
      if (question && isOurs(question)) this.#channel.postMessage({ answer: question });
      if (answer) this.#asked.get(answer)?.(true);
    };
  }

  /** @returns {Promise<boolean>} */
  async have(fileId) {
    const answer = new Promise((resolve) => {
      this.#asked.set(fileId, resolve);
      setTimeout(() => resolve(false), ANSWER_MS);
    });
    this.#channel.postMessage({ question: fileId });
    const found = await answer;
    this.#asked.delete(fileId);
    return found;
  }
}
