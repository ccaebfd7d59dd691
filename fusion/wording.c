#include "fusion/wording.h"

#include <stddef.h>
#include <string.h>

const char wording_chat_system[] =
    "You are mynah, a helpful assistant. Answer truthfully and briefly, in the language of the question.";

const char wording_chat_brackets[] =
    "\nAttached pictures and recordings reach you only as words in brackets, written by a detector; what the brackets "
    "do not mention is not known.";

const char wording_chat_brackets_eyes[] =
    "\nAttached pictures and recordings reach you only as words in brackets, written by a detector and, in quotation marks, by "
    "a model that sees pictures and can err; what the brackets do not mention is not known.";

const char wording_rows_system[] = "You are mynah, an assistant that sees pictures.";
const char wording_ears_system[] = "You are mynah, an assistant that hears.";

static const struct wording wordings[] = {
    {
        .language = "en",
        .describe_system = "You are mynah, an assistant. You cannot see pictures yourself; what was found in the "
                           "picture is given in brackets. Tell all of it and nothing else.",
        .example_evidence = { "The image shows two cows (perhaps oxen), a truck on the right and a ladder.",
                              "The image shows a piano." },
        .example_answer = { "The image shows two cows, perhaps oxen, with a truck on the right and a ladder.",
                            "The image shows a piano." },
        .describe = "Describe the image in one sentence.",
        .begun = "The image shows",
        .image = "Attached image",
        .clip = "Attached recording",
        .image_before = "The image before",
        .image_example = "Seen in it: a person and two barrels. Nothing else was recognised. No text was found in it.",
        .question_example = { "Describe the picture.", "Is there a lantern?", "What is the person doing?",
                              "Is the person tired?" },
        .answer_example = { "It shows a person and two barrels.",
                            "No, no lantern was seen, only a person and two barrels.",
                            "I cannot know that. I am only told that there are a person and two barrels.",
                            "I cannot know that from what was seen." },
        .text_example = { "Seen in it: printed text. Nothing else was recognised. Text in it: \"FRESH CIDER Pressed today, "
                          "4.50 a jug. Sold until 5 PM. Bring your own jug. Ask at the red barn\"",
                          "What does it say?",
                          "It says: \"FRESH CIDER Pressed today, 4.50 a jug. Sold until 5 PM. Bring your own jug. Ask at the "
                          "red barn\"" },
        .quote = " Quote all of the text as it stands.",
        .answer_language = "",
        .describe_media = "Say in one or two sentences what is attached.",
        .summarise = "Say in one or two sentences what is said in the recording.",
        .sum_up = "Sum up what we said so far.",
        .sum_up_how = " Use a few sentences; keep names, numbers and what was decided.",
    },
    {
        .language = "ko",
        .describe_system = "당신은 조수 mynah입니다. 사진을 직접 볼 수 없으며, 사진에서 찾은 것이 괄호 안에 주어집니다. "
                           "그것을 모두 한국어로 말하고 다른 것은 말하지 마십시오.",
        .example_evidence = { "이 사진에는 소 두 마리, 오른쪽에 트럭 한 대, 사다리 하나가 있습니다.",
                              "이 사진에는 피아노 한 대가 있습니다." },
        .example_answer = { "이 사진에는 소 두 마리와 오른쪽에 트럭 한 대, 그리고 사다리 하나가 있습니다.",
                            "이 사진에는 피아노 한 대가 있습니다." },
        .describe = "사진을 한 문장으로 설명하세요.",
        .begun = "이 사진에는",
        .image = "첨부된 사진",
        .clip = "첨부된 녹음",
        .image_before = "앞의 사진",
        .image_example = "이 사진에는 사람 한 명, 통 둘이 있습니다. 그 밖에 알아본 것은 없습니다. 글은 없습니다.",
        .question_example = { "사진을 설명해 주세요.", "등불이 있나요?", "사람이 무엇을 하고 있나요?", "사람이 피곤한가요?" },
        .answer_example = { "이 사진에는 사람 한 명과 통 둘이 있습니다.",
                            "아니요, 등불은 없습니다. 사람 한 명과 통 둘만 있습니다.",
                            "알 수 없습니다. 사람 한 명과 통 둘이 있다는 것만 알려져 있습니다.", "알 수 없습니다." },
        .text_example = { "이 사진에는 글이 있습니다. 그 밖에 알아본 것은 없습니다. 사진 속의 글: \"사과 팝니다 한 상자에 만 원입니다. "
                          "다섯 시까지 엽니다. 봉투를 가져오세요. 빨간 문으로 오세요\"",
                          "뭐라고 쓰여 있어?",
                          "\"사과 팝니다 한 상자에 만 원입니다. 다섯 시까지 엽니다. 봉투를 가져오세요. 빨간 문으로 오세요\"라고 "
                          "쓰여 있습니다." },
        .quote = " 글을 그대로 모두 옮기세요.",
        .answer_language = " 한국어로 대답하세요.",
        .describe_media = "첨부된 것을 한두 문장으로 설명하세요.",
        .summarise = "녹음에서 무슨 말을 하는지 한두 문장으로 설명하세요.",
        .sum_up = "지금까지 나눈 이야기를 요약해 주세요.",
        .sum_up_how = " 이름, 숫자, 정해진 것을 빠뜨리지 말고 한국어로 몇 문장만 쓰세요.",
    },
};

const struct wording *wording_for(const char *language)
{
    for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++)
        if (strcmp(wordings[i].language, language) == 0)
            return &wordings[i];
    return &wordings[0];
}

/* ---- translations ----------------------------------------------------------- */

const char wording_translate_system[] =
    "You are a translator. Translate the sentence faithfully and completely and add nothing. What stands in quotation "
    "marks is copied, not translated.";

const char *const wording_translate_example[WORDING_N_TRANSLATED] = {
    "The image shows two cows (perhaps oxen), a red truck on the right and a ladder.",
    "The image shows a piano, with the text \"Grand Hall\".",
};

static const struct translation translations[] = {
    { "de", { "Das Bild zeigt zwei Kühe (vielleicht Ochsen), rechts einen roten Lastwagen und eine Leiter.",
              "Das Bild zeigt ein Klavier mit dem Text \"Grand Hall\"." }, "Das Bild zeigt" },
    { "fr", { "L'image montre deux vaches (peut-être des bœufs), un camion rouge à droite et une échelle.",
              "L'image montre un piano, avec le texte \"Grand Hall\"." }, "L'image montre" },
    { "es", { "La imagen muestra dos vacas (quizás bueyes), un camión rojo a la derecha y una escalera.",
              "La imagen muestra un piano, con el texto \"Grand Hall\"." }, "La imagen muestra" },
    { "ja", { "この画像には、牛二頭（おそらく雄牛）、右側に赤いトラック、そしてはしごが写っています。",
              "この画像には、「Grand Hall」という文字とピアノが写っています。" }, "この画像には、" },
};

const struct translation *wording_translation(const char *code)
{
    for (size_t i = 0; i < sizeof translations / sizeof translations[0]; i++)
        if (strcmp(translations[i].code, code) == 0)
            return &translations[i];
    return NULL;
}
