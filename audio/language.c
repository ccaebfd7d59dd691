/* language.c - table from github.com/openai/whisper, whisper/tokenizer.py (LANGUAGES).
 *
 * The order is that of the language tokens; Cantonese, the last, came with large-v3. */
#include "audio/language.h"

#include <strings.h>

#include "audio/audio.h"

struct language {
    const char *code, *english;
};

static const struct language languages[LANGUAGE_MAX] = {
    { "en", "English" }, { "zh", "Chinese" }, { "de", "German" }, { "es", "Spanish" },
    { "ru", "Russian" }, { "ko", "Korean" }, { "fr", "French" }, { "ja", "Japanese" },
    { "pt", "Portuguese" }, { "tr", "Turkish" }, { "pl", "Polish" }, { "ca", "Catalan" },
    { "nl", "Dutch" }, { "ar", "Arabic" }, { "sv", "Swedish" }, { "it", "Italian" },
    { "id", "Indonesian" }, { "hi", "Hindi" }, { "fi", "Finnish" }, { "vi", "Vietnamese" },
    { "he", "Hebrew" }, { "uk", "Ukrainian" }, { "el", "Greek" }, { "ms", "Malay" },
    { "cs", "Czech" }, { "ro", "Romanian" }, { "da", "Danish" }, { "hu", "Hungarian" },
    { "ta", "Tamil" }, { "no", "Norwegian" }, { "th", "Thai" }, { "ur", "Urdu" },
    { "hr", "Croatian" }, { "bg", "Bulgarian" }, { "lt", "Lithuanian" }, { "la", "Latin" },
    { "mi", "Maori" }, { "ml", "Malayalam" }, { "cy", "Welsh" }, { "sk", "Slovak" },
    { "te", "Telugu" }, { "fa", "Persian" }, { "lv", "Latvian" }, { "bn", "Bengali" },
    { "sr", "Serbian" }, { "az", "Azerbaijani" }, { "sl", "Slovenian" }, { "kn", "Kannada" },
    { "et", "Estonian" }, { "mk", "Macedonian" }, { "br", "Breton" }, { "eu", "Basque" },
    { "is", "Icelandic" }, { "hy", "Armenian" }, { "ne", "Nepali" }, { "mn", "Mongolian" },
    { "bs", "Bosnian" }, { "kk", "Kazakh" }, { "sq", "Albanian" }, { "sw", "Swahili" },
    { "gl", "Galician" }, { "mr", "Marathi" }, { "pa", "Punjabi" }, { "si", "Sinhala" },
    { "km", "Khmer" }, { "sn", "Shona" }, { "yo", "Yoruba" }, { "so", "Somali" },
    { "af", "Afrikaans" }, { "oc", "Occitan" }, { "ka", "Georgian" }, { "be", "Belarusian" },
    { "tg", "Tajik" }, { "sd", "Sindhi" }, { "gu", "Gujarati" }, { "am", "Amharic" },
    { "yi", "Yiddish" }, { "lo", "Lao" }, { "uz", "Uzbek" }, { "fo", "Faroese" },
    { "ht", "Haitian Creole" }, { "ps", "Pashto" }, { "tk", "Turkmen" }, { "nn", "Nynorsk" },
    { "mt", "Maltese" }, { "sa", "Sanskrit" }, { "lb", "Luxembourgish" }, { "my", "Myanmar" },
    { "bo", "Tibetan" }, { "tl", "Tagalog" }, { "mg", "Malagasy" }, { "as", "Assamese" },
    { "tt", "Tatar" }, { "haw", "Hawaiian" }, { "ln", "Lingala" }, { "ha", "Hausa" },
    { "ba", "Bashkir" }, { "jw", "Javanese" }, { "su", "Sundanese" }, { "yue", "Cantonese" },
};

const char *language_code(size_t i)
{
    return languages[i].code;
}

size_t language_find(const char *name)
{
    size_t i = 0;

    while (i < LANGUAGE_MAX && strcasecmp(name, languages[i].code) != 0 &&
           strcasecmp(name, languages[i].english) != 0)
        i++;
    return i;
}

bool whisper_language(const char *name, const char **code, const char **english)
{
    size_t i = language_find(name);

    if (i == LANGUAGE_MAX)
        return false;
    *code = languages[i].code;
    *english = languages[i].english;
    return true;
}
