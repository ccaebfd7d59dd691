#include "fusion/caption.h"

#include <string.h>

/* ---- tables ------------------------------------------------------------------- */

enum actor { A_PERSON, A_ANIMAL, A_FLYING, A_VEHICLE };

/* `with`: the thing that must be there too, which the phrase names; "": none.  Of equals the first. */
static const struct action {
    const char *word;
    float least;
    enum actor actor;
    const char *with;
    struct caption_phrase said;
} actions[] = {
    { "riding", 0.35f, A_PERSON, "horse", { "riding a horse", "말을 타는" } },
    { "riding", 0.35f, A_PERSON, "bicycle", { "riding a bicycle", "자전거를 타는" } },
    { "riding", 0.35f, A_PERSON, "motorcycle", { "riding a motorcycle", "오토바이를 타는" } },
    { "riding", 0.35f, A_PERSON, "elephant", { "riding an elephant", "코끼리를 타는" } },
    { "riding", 0.25f, A_PERSON, "surfboard", { "riding a surfboard", "서핑을 하는" } },
    { "riding", 0.25f, A_PERSON, "skateboard", { "riding a skateboard", "스케이트보드를 타는" } },
    { "riding", 0.25f, A_PERSON, "snowboard", { "riding a snowboard", "스노보드를 타는" } },
    { "playing", 0.30f, A_PERSON, "tennis racket", { "playing tennis with a racket", "테니스를 치는" } },
    { "playing", 0.30f, A_PERSON, "frisbee", { "playing with a frisbee", "원반을 가지고 노는" } },
    { "sitting", 0.35f, A_PERSON, "bench", { "sitting on a bench", "벤치에 앉아 있는" } },
    { "sitting", 0.35f, A_PERSON, "couch", { "sitting on a couch", "소파에 앉아 있는" } },
    { "sitting", 0.35f, A_PERSON, "dining table", { "sitting at a table", "식탁에 앉아 있는" } },
    { "sitting", 0.40f, A_PERSON, "", { "sitting", "앉아 있는" } },
    { "standing", 0.45f, A_PERSON, "", { "standing", "서 있는" } },
    { "walking", 0.45f, A_PERSON, "", { "walking", "걷는" } },
    { "running", 0.50f, A_PERSON, "", { "running", "달리는" } },
    { "jumping", 0.50f, A_PERSON, "", { "jumping", "뛰어오르는" } },
    { "standing", 0.45f, A_ANIMAL, "", { "standing", "서 있는" } },
    { "running", 0.45f, A_ANIMAL, "", { "running", "달리는" } },
    { "sitting", 0.45f, A_ANIMAL, "", { "sitting", "앉아 있는" } },
    { "lying", 0.45f, A_ANIMAL, "", { "lying down", "누워 있는" } },
    { "flying", 0.40f, A_FLYING, "", { "flying", "나는" } },
    { "parked", 0.40f, A_VEHICLE, "", { "parked", "세워진" } },
};

/* `place`: what is shown when nothing else was recognised; NULL: then it says nothing. */
static const struct scene {
    const char *word, *but;         /* not where a thing of this name was found: it is told already */
    float least;
    struct caption_phrase said, place;
} scenes[] = {
    { "kitchen", "", 0.40f, { "in a kitchen", "부엌에" }, { "a kitchen", "부엌" } },
    { "bathroom", "", 0.40f, { "in a bathroom", "욕실에" }, { "a bathroom", "욕실" } },
    { "bedroom", "", 0.40f, { "in a bedroom", "침실에" }, { "a bedroom", "침실" } },
    { "living", "", 0.40f, { "in a living room", "거실에" }, { "a living room", "거실" } },
    { "room", "", 0.45f, { "in a room", "방에" }, { "a room", "방" } },
    { "beach", "", 0.35f, { "on a beach", "해변에" }, { "a beach", "해변" } },
    { "snow", "", 0.40f, { "in the snow", "눈 위에" }, { "snow", "눈" } },
    { "grass", "", 0.40f, { "on the grass", "풀밭에" }, { "grass", "풀밭" } },
    { "field", "", 0.40f, { "in a field", "들판에" }, { "a field", "들판" } },
    { "street", "", 0.40f, { "on a street", "거리에" }, { "a street", "거리" } },
    { "city", "", 0.45f, { "in a city", "도시에" }, { "a city", "도시" } },
    { "court", "", 0.35f, { "on a court", "경기장에" }, { "a court", "경기장" } },
    { "water", "", 0.45f, { "in the water", "물에" }, { "water", "물" } },
    { "ocean", "", 0.45f, { "in the ocean", "바다에" }, { "the ocean", "바다" } },
    { "mountain", "", 0.45f, { "in the mountains", "산에" }, { "mountains", "산" } },
    { "plate", "", 0.40f, { "with a plate", "접시와 함께" }, { NULL, NULL } },
    { "desk", "", 0.45f, { "at a desk", "책상에" }, { "a desk", "책상" } },
    { "table", "dining table", 0.45f, { "on a table", "식탁에" }, { NULL, NULL } },
    { "sign", "stop sign", 0.50f, { "with a sign", "표지판과 함께" }, { "a sign", "표지판" } },
    { "food", "", 0.45f, { "with food", "음식과 함께" }, { "food", "음식" } },
};

#define LEAST_PERSON 0.45f          /* share of captions from which a person is called so */
#define LEAST_GENDER 0.65f          /* of a child: captions themselves often disagree */
#define TWICE 2.0f                  /* and so many times that of the word that would contradict it */

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

    if (baby >= LEAST_PERSON)
        return &babies;
    if (boy >= LEAST_GENDER && boy > TWICE * girl)
        return &boys;
    if (girl >= LEAST_GENDER && girl > TWICE * boy)
        return &girls;
    if (child >= LEAST_PERSON && child > TWICE * (man + woman))
        return &children;
    if (share_of(r, "player") >= LEAST_PERSON)
        return &players;
    if (man >= LEAST_PERSON && man > TWICE * (woman + child))
        return &men;
    if (woman >= LEAST_PERSON && woman > TWICE * (man + child))
        return &women;
    return NULL;
}

static bool can_act(const struct vision_object *o, enum actor actor)
{
    static const char *const animals[] = { "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", NULL };
    static const char *const flying[] = { "bird", "kite", "airplane", NULL };
    static const char *const vehicles[] = { "car", "truck", "bus", "motorcycle", "bicycle", NULL };

    switch (actor) {
    case A_PERSON: return strcmp(o->name, "person") == 0;
    case A_ANIMAL: return is_one_of(o->name, animals);
    case A_FLYING: return is_one_of(o->name, flying);
    case A_VEHICLE: return is_one_of(o->name, vehicles);
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

static void choose_action(struct caption *c, const struct vision_report *r)
{
    float best = 0.0f;

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        const struct action *a = &actions[i];
        float p = share_of(r, a->word);
        size_t actor = actor_group(r, a->actor), with = *a->with != '\0' ? group_of(r, a->with) : CAPTION_NONE;

        if (p < a->least || actor == CAPTION_NONE || p <= best)
            continue;
        if (*a->with != '\0' && (with == CAPTION_NONE || r->objects[with].count > 1 || r->objects[actor].count > 1))
            continue;
        best = p;
        c->actor = actor;
        c->doing = &a->said;
        c->with = with;
    }
}

struct caption caption_of(const struct vision_report *r)
{
    struct caption c = { .who = CAPTION_NONE, .actor = CAPTION_NONE, .with = CAPTION_NONE };
    size_t person = group_of(r, "person");
    float best = 0.0f;

    if (person != CAPTION_NONE && r->objects[person].count == 1 && (c.person = person_word(r)) != NULL)
        c.who = person;
    choose_action(&c, r);
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        float p = share_of(r, scenes[i].word);

        if (p < scenes[i].least || p <= best || (*scenes[i].but != '\0' && group_of(r, scenes[i].but) != CAPTION_NONE))
            continue;
        best = p;
        c.scene = &scenes[i].said;
        c.place = scenes[i].place.english != NULL ? &scenes[i].place : NULL;
    }
    return c;
}
