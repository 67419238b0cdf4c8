// A friendly name to begin with, because not everybody wants to show her own.

const HOW = "brave bright calm clever eager fair gentle happy jolly keen kind lively lucky merry neat nimble proud quick " +
  "quiet sunny swift warm wise witty";
const WHO = "badger beaver crane deer dove falcon finch fox hare heron lark lynx mole moose newt otter owl panda puffin " +
  "raven robin seal stork swan tiger toad trout wolf wren";

/** Return a name such as "quiet fox". */
export function friendlyName() {
  return `${oneOf(HOW)} ${oneOf(WHO)}`;
}

function oneOf(words) {
  const all = words.split(" ");
  return all[Math.floor(Math.random() * all.length)];
}
