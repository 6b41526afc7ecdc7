// Which scripts are written together: a name of others may pass for something that it is not (UTS #39). Pure; the crate's
// `scripts` is the same.

/** Scripts that are written together, Latin among them: Japanese, Chinese with its phonetic letters, Korean. */
const TOGETHER = [['Latn', 'Hani', 'Hira', 'Kana'], ['Latn', 'Hani', 'Bopo'], ['Latn', 'Hani', 'Hang']];
/** Those in daily use, but Cyrillic and Greek, whose letters look like Latin ones: each may stand with Latin. */
const WITH_LATIN = codes('ArabArmnBengBopoDevaEthiGeorGujrGuruHaniHangHebrHiraKndaKanaKhmrLaooMlymMymrOryaSinhTamlTeluThaaThaiTibt');
/** All others that Unicode has. */
const ALONE = codes('CyrlGrekAdlmAghbAhomArmiAvstBaliBamuBassBatkBerfBhksBrahBugiBuhdCakmCansCariChamCherChrsCopt'
  + 'CpmnCprtDiakDogrDsrtDuplEgypElbaElymGaraGlagGongGonmGothGranGukhHanoHatrHluwHmngHmnpHungItalJavaKaliKawiKharKhojKitsKraiKthi'
  + 'LanaLepcLimbLinaLinbLisuLyciLydiMahjMakaMandManiMarcMedfMendMercMeroModiMongMrooMteiMultNagmNandNarbNbatNewaNkooNshu'
  + 'OgamOlckOnaoOrkhOsgeOsmaOugrPalmPaucPermPhagPhliPhlpPhnxPlrdPrtiRjngRohgRunrSamrSarbSaurSgnwShawShrdSiddSidtSindSogdSogoSora'
  + 'SoyoSundSunuSyloSyrcTagbTakrTaleTaluTangTavtTayoTfngTglgTirhTnsaTodrTotoTutgUgarVaiiVithWaraWchoXpeoXsuxYeziYiiiZanb');

function codes(text) {
  return text.match(/.{4}/g);
}

/** Tests a text for being of these scripts and of what stands with any: digits, punctuation, emoji. */
function all(scripts) {
  try {
    return new RegExp(`^[${['Zyyy', 'Zinh', ...scripts].map((script) => `\\p{scx=${script}}`).join('')}]*$`, 'u');
  } catch {
    // A script that this browser does not know yet has no letters here.
    return /^$/;
  }
}

let patterns = null;

/** Whether the letters of a text are of one script, or of several that are written together. */
export function goTogether(text) {
  if (/^[\p{scx=Latn}\p{scx=Zyyy}\p{scx=Zinh}]*$/u.test(text)) return true;
  patterns ??= [...TOGETHER, ...WITH_LATIN.map((script) => ['Latn', script]), ...ALONE.map((script) => [script])].map(all);
  return patterns.some((pattern) => pattern.test(text));
}
