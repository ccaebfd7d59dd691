#include "fusion/caption.h"

#include <stdbool.h>
#include <string.h>

/* ---- tables ------------------------------------------------------------------- */

enum actor { A_PERSON, A_ANIMAL, A_FLYING };

/* `with`: the single thing that must be there too; "": none.  Of equals the first. */
static const struct action {
    const char *word;
    float least;
    enum actor actor;
    const char *with;
    struct caption_phrase said;
} actions[] = {
    { "riding", 0.30f, A_PERSON, "horse", { "riding", "말을 타는" } },
    { "riding", 0.30f, A_PERSON, "bicycle", { "riding", "자전거를 타는" } },
    { "riding", 0.30f, A_PERSON, "motorcycle", { "riding", "오토바이를 타는" } },
    { "riding", 0.30f, A_PERSON, "elephant", { "riding", "코끼리를 타는" } },
    { "riding", 0.25f, A_PERSON, "surfboard", { "riding", "서핑을 하는" } },
    { "riding", 0.25f, A_PERSON, "skateboard", { "riding", "스케이트보드를 타는" } },
    { "riding", 0.25f, A_PERSON, "snowboard", { "riding", "스노보드를 타는" } },
    { "playing", 0.25f, A_PERSON, "tennis racket", { "playing tennis with", "테니스를 치는" } },
    { "playing", 0.25f, A_PERSON, "frisbee", { "playing with", "원반을 가지고 노는" } },
    { "sitting", 0.35f, A_PERSON, "bench", { "sitting on", "벤치에 앉아 있는" } },
    { "sitting", 0.35f, A_PERSON, "couch", { "sitting on", "소파에 앉아 있는" } },
    { "sitting", 0.35f, A_PERSON, "dining table", { "sitting at", "식탁에 앉아 있는" } },
    { "sitting", 0.40f, A_PERSON, "", { "sitting", "앉아 있는" } },
    { "standing", 0.40f, A_PERSON, "", { "standing", "서 있는" } },
    { "walking", 0.45f, A_PERSON, "", { "walking", "걷고 있는" } },
    { "running", 0.50f, A_PERSON, "", { "running", "달리는" } },
    { "jumping", 0.50f, A_PERSON, "", { "jumping", "뛰어오르는" } },
    { "standing", 0.40f, A_ANIMAL, "", { "standing", "서 있는" } },
    { "running", 0.45f, A_ANIMAL, "", { "running", "달리는" } },
    { "sitting", 0.45f, A_ANIMAL, "", { "sitting", "앉아 있는" } },
    { "lying", 0.45f, A_ANIMAL, "", { "lying down", "누워 있는" } },
    { "flying", 0.40f, A_FLYING, "", { "flying", "날고 있는" } },
};

/* `place`: what is shown when nothing else was recognised; NULL: then it says nothing.  `korean`: a
 * sentence after the things, which calls only a place a place; NULL where one word has two. */
static const struct scene {
    const char *word;
    float least;
    const char *said;
    struct caption_phrase place;
    const char *korean;
} scenes[] = {
    { "kitchen", 0.28f, "in a kitchen", { "a kitchen", "부엌" }, "장소는 부엌입니다." },
    { "bathroom", 0.28f, "in a bathroom", { "a bathroom", "욕실" }, "장소는 욕실입니다." },
    { "room", 0.28f, "in a room", { "a room", "방" }, "장소는 방입니다." },
    { "beach", 0.25f, "on a beach", { "a beach", "해변" }, "장소는 해변입니다." },
    { "snow", 0.28f, "in the snow", { "snow", "눈" }, "장소는 눈 덮인 곳입니다." },
    { "grass", 0.28f, "on the grass", { "grass", "풀밭" }, "장소는 풀밭입니다." },
    { "field", 0.25f, "in a field", { "a field", "들판" }, "장소는 들판입니다." },
    { "street", 0.28f, "on a street", { "a street", "거리" }, "장소는 거리입니다." },
    { "city", 0.28f, "in a city", { "a city", "도시" }, "장소는 도시입니다." },
    { "water", 0.28f, "at the water", { "water", "물" }, "장소는 물가입니다." },
    { "wave", 0.28f, "on a wave", { "a wave", "파도" }, "장소는 파도 위입니다." },
    { "ocean", 0.35f, "in the ocean", { "the ocean", "바다" }, "장소는 바다입니다." },
    { "mountain", 0.35f, "in the mountains", { "mountains", "산" }, "장소는 산입니다." },
    { "track", 0.35f, "on a track", { NULL, NULL }, NULL },
    { "plate", 0.65f, "with a plate", { NULL, NULL }, "접시도 있습니다." },
    { "desk", 0.35f, "at a desk", { "a desk", "책상" }, "책상도 있습니다." },
    { "table", 0.28f, "on a table", { NULL, NULL }, "탁자도 있습니다." },
    { "sign", 0.35f, "with a sign", { "a sign", "표지판" }, "표지판도 있습니다." },
    { "food", 0.50f, "with food", { "food", "음식" }, "음식도 있습니다." },
};

#define LEAST_PERSON 0.40f          /* share of captions from which a person is called so */
#define LEAST_GENDER 0.65f          /* of a child: captions themselves often disagree */
#define MARGIN 2.0f                 /* and so many times that of the word that would contradict it */

/* ---- words and things ----------------------------------------------------------- */

static float share_of(const struct vision_report *r, const char *word)
{
    for (size_t i = 0; i < r->n_words; i++)
        if (strcmp(r->words[i].word, word) == 0)
            return r->words[i].p;
    return 0.0f;
}

static size_t group_of(const struct vision_report *r, const char *name)
{
    for (size_t i = 0; i < r->n_objects; i++)
        if (strcmp(r->objects[i].name, name) == 0)
            return i;
    return CAPTION_NONE;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static const struct caption_phrase *person_word(const struct vision_report *r)
{
    static const struct caption_phrase men = { "man", "남자" }, women = { "woman", "여자" }, boys = { "boy", "소년" },
        players = { "player", "선수" }, girls = { "girl", "소녀" }, children = { "child", "아이" }, babies = { "baby", "아기" };
    float man = share_of(r, "man"), woman = share_of(r, "woman"), boy = share_of(r, "boy"), girl = share_of(r, "girl");
    float child = share_of(r, "child") + boy + girl, baby = share_of(r, "baby");

    if (baby >= LEAST_PERSON && baby > MARGIN * (man + woman))
        return &babies;
    if (boy >= LEAST_GENDER && boy > MARGIN * girl)
        return &boys;
    if (girl >= LEAST_GENDER && girl > MARGIN * boy)
        return &girls;
    if (child >= LEAST_PERSON && child > MARGIN * (man + woman))
        return &children;
    if (share_of(r, "player") >= LEAST_PERSON)
        return &players;
    if (man >= LEAST_PERSON && man > MARGIN * (woman + child))
        return &men;
    if (woman >= LEAST_PERSON && woman > MARGIN * (man + child))
        return &women;
    return NULL;
}

static bool can_act(const struct vision_object *o, enum actor actor)
{
    static const char *const animals[] = { "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", NULL };
    static const char *const flying[] = { "bird", "kite", "airplane", NULL };

    switch (actor) {
    case A_PERSON: return strcmp(o->name, "person") == 0;
    case A_ANIMAL: return is_one_of(o->name, animals);
    case A_FLYING: return is_one_of(o->name, flying);
    }
    return false;
}

/* Whoever else could be meant makes it a guess: an animal acts only where no person is, and
 * nothing where two groups could. */
static size_t actor_group(const struct vision_report *r, enum actor actor)
{
    size_t found = CAPTION_NONE;

    for (size_t i = 0; i < r->n_objects; i++) {
        if (actor == A_ANIMAL && can_act(&r->objects[i], A_PERSON))
            return CAPTION_NONE;
        if (can_act(&r->objects[i], actor)) {
            if (found != CAPTION_NONE)
                return CAPTION_NONE;
            found = i;
        }
    }
    return found;
}

static bool can_do(const struct action *a, const struct vision_report *r, size_t actor, size_t with)
{
    return *a->with == '\0' || (with != CAPTION_NONE && r->objects[with].count == 1 && r->objects[actor].count == 1);
}

/* The action that is likeliest, by what its threshold is; none where a likelier one lacks what it
 * is done with: then something else goes on. */
static void choose_action(struct caption *c, const struct vision_report *r)
{
    const struct action *best = NULL, *refused = NULL;
    float most = 0.0f, refusal = 0.0f;

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        const struct action *a = &actions[i];
        float likely = share_of(r, a->word) / a->least;
        size_t actor = actor_group(r, a->actor), with = *a->with != '\0' ? group_of(r, a->with) : CAPTION_NONE;

        if (likely < 1.0f || actor == CAPTION_NONE)
            continue;
        if (!can_do(a, r, actor, with)) {
            if (likely > refusal) {
                refusal = likely;
                refused = a;
            }
        } else if (likely > most) {
            most = likely;
            best = a;
            c->actor = actor;
            c->doing = &a->said;
            c->with = with;
        }
    }
    if (refused != NULL && refusal > most && (best == NULL || strcmp(best->word, refused->word) != 0)) {
        c->actor = c->with = CAPTION_NONE;
        c->doing = NULL;
    }
}

/* The word stands in what is said of the things already, or of the subject. */
static bool is_told(const struct vision_report *r, const char *word)
{
    for (size_t i = 0; i < r->n_objects; i++)
        if (strstr(r->objects[i].name, word) != NULL || strstr(r->objects[i].finer, word) != NULL)
            return true;
    for (size_t i = 0; r->n_objects == 0 && i < r->n_tags; i++)
        if (strstr(r->tags[i].name, word) != NULL)
            return true;
    return false;
}

static void choose_scene(struct caption *c, const struct vision_report *r)
{
    float best = 0.0f;

    if (c->actor != CAPTION_NONE && can_act(&r->objects[c->actor], A_FLYING))
        return;                                         /* not in the field below */
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        float p = share_of(r, scenes[i].word);

        if (p < scenes[i].least || p <= best || is_told(r, scenes[i].word))
            continue;
        if (strcmp(scenes[i].word, "table") == 0 && actor_group(r, A_PERSON) != CAPTION_NONE)
            continue;                                   /* people are at it */
        best = p;
        c->scene = scenes[i].said;
        c->scene_korean = scenes[i].korean;
        c->place = scenes[i].place.english != NULL ? &scenes[i].place : NULL;
    }
}

struct caption caption_of(const struct vision_report *r)
{
    struct caption c = { .who = CAPTION_NONE, .actor = CAPTION_NONE, .with = CAPTION_NONE };
    size_t person = group_of(r, "person");

    if (person != CAPTION_NONE && r->objects[person].count == 1 && (c.person = person_word(r)) != NULL)
        c.who = person;
    choose_action(&c, r);
    choose_scene(&c, r);
    return c;
}

const char *caption_word(size_t i)
{
    static const char *const people[] = { "man", "woman", "boy", "girl", "child", "baby", "player" };
    const size_t n_people = sizeof people / sizeof people[0], n_actions = sizeof actions / sizeof actions[0];

    if (i < n_people)
        return people[i];
    i -= n_people;
    if (i < n_actions)
        return actions[i].word;
    i -= n_actions;
    return i < sizeof scenes / sizeof scenes[0] ? scenes[i].word : NULL;
}
