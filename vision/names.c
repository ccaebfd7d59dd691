/* names.c - names of COCO's classes, lookups, and the grammar of counting.
 *
 * COCO: the 80 classes of the 2014 detection task (ids from its annotations).
 * Korean counters: 명 people, 마리 animals, 대 vehicles and machines, 권 books,
 * 벌 clothing, 켤레 pairs worn, 그루 plants, 척 ships, 개 the rest. */
#include "vision/names.h"

#include <stdio.h>
#include <string.h>

#include "vision/colours.h"
#include "vision/names_tables.h"
#include "vision/vision.h"

static const struct names_coco coco[NAMES_N_COCO] = {
    { 1, "person", "a person", "people", "사람", "명" },
    { 2, "bicycle", "a bicycle", "bicycles", "자전거", "대" },
    { 3, "car", "a car", "cars", "자동차", "대" },
    { 4, "motorcycle", "a motorcycle", "motorcycles", "오토바이", "대" },
    { 5, "airplane", "an airplane", "airplanes", "비행기", "대" },
    { 6, "bus", "a bus", "buses", "버스", "대" },
    { 7, "train", "a train", "trains", "기차", "대" },
    { 8, "truck", "a truck", "trucks", "트럭", "대" },
    { 9, "boat", "a boat", "boats", "배", "척" },
    { 10, "traffic light", "a traffic light", "traffic lights", "신호등", "개" },
    { 11, "fire hydrant", "a fire hydrant", "fire hydrants", "소화전", "개" },
    { 13, "stop sign", "a stop sign", "stop signs", "정지 표지판", "개" },
    { 14, "parking meter", "a parking meter", "parking meters", "주차 미터기", "개" },
    { 15, "bench", "a bench", "benches", "벤치", "개" },
    { 16, "bird", "a bird", "birds", "새", "마리" },
    { 17, "cat", "a cat", "cats", "고양이", "마리" },
    { 18, "dog", "a dog", "dogs", "개", "마리" },
    { 19, "horse", "a horse", "horses", "말", "마리" },
    { 20, "sheep", "a sheep", "sheep", "양", "마리" },
    { 21, "cow", "a cow", "cows", "소", "마리" },
    { 22, "elephant", "an elephant", "elephants", "코끼리", "마리" },
    { 23, "bear", "a bear", "bears", "곰", "마리" },
    { 24, "zebra", "a zebra", "zebras", "얼룩말", "마리" },
    { 25, "giraffe", "a giraffe", "giraffes", "기린", "마리" },
    { 27, "backpack", "a backpack", "backpacks", "배낭", "개" },
    { 28, "umbrella", "an umbrella", "umbrellas", "우산", "개" },
    { 31, "handbag", "a handbag", "handbags", "핸드백", "개" },
    { 32, "tie", "a tie", "ties", "넥타이", "개" },
    { 33, "suitcase", "a suitcase", "suitcases", "여행 가방", "개" },
    { 34, "frisbee", "a frisbee", "frisbees", "원반", "개" },
    { 35, "skis", "a pair of skis", "pairs of skis", "스키", "벌" },
    { 36, "snowboard", "a snowboard", "snowboards", "스노보드", "개" },
    { 37, "sports ball", "a ball", "balls", "공", "개" },
    { 38, "kite", "a kite", "kites", "연", "개" },
    { 39, "baseball bat", "a baseball bat", "baseball bats", "야구 방망이", "개" },
    { 40, "baseball glove", "a baseball glove", "baseball gloves", "야구 글러브", "개" },
    { 41, "skateboard", "a skateboard", "skateboards", "스케이트보드", "개" },
    { 42, "surfboard", "a surfboard", "surfboards", "서프보드", "개" },
    { 43, "tennis racket", "a tennis racket", "tennis rackets", "테니스 라켓", "개" },
    { 44, "bottle", "a bottle", "bottles", "병", "개" },
    { 46, "wine glass", "a wine glass", "wine glasses", "와인잔", "개" },
    { 47, "cup", "a cup", "cups", "컵", "개" },
    { 48, "fork", "a fork", "forks", "포크", "개" },
    { 49, "knife", "a knife", "knives", "칼", "개" },
    { 50, "spoon", "a spoon", "spoons", "숟가락", "개" },
    { 51, "bowl", "a bowl", "bowls", "그릇", "개" },
    { 52, "banana", "a banana", "bananas", "바나나", "개" },
    { 53, "apple", "an apple", "apples", "사과", "개" },
    { 54, "sandwich", "a sandwich", "sandwiches", "샌드위치", "개" },
    { 55, "orange", "an orange", "oranges", "오렌지", "개" },
    { 56, "broccoli", "broccoli", "pieces of broccoli", "브로콜리", "개" },
    { 57, "carrot", "a carrot", "carrots", "당근", "개" },
    { 58, "hot dog", "a hot dog", "hot dogs", "핫도그", "개" },
    { 59, "pizza", "a pizza", "pizzas", "피자", "개" },
    { 60, "donut", "a donut", "donuts", "도넛", "개" },
    { 61, "cake", "a cake", "cakes", "케이크", "개" },
    { 62, "chair", "a chair", "chairs", "의자", "개" },
    { 63, "couch", "a couch", "couches", "소파", "개" },
    { 64, "potted plant", "a potted plant", "potted plants", "화분", "개" },
    { 65, "bed", "a bed", "beds", "침대", "개" },
    { 67, "dining table", "a table", "tables", "식탁", "개" },
    { 70, "toilet", "a toilet", "toilets", "변기", "개" },
    { 72, "tv", "a TV", "TVs", "텔레비전", "대" },
    { 73, "laptop", "a laptop", "laptops", "노트북", "대" },
    { 74, "mouse", "a computer mouse", "computer mice", "컴퓨터 마우스", "개" },
    { 75, "remote", "a remote control", "remote controls", "리모컨", "개" },
    { 76, "keyboard", "a keyboard", "keyboards", "키보드", "개" },
    { 77, "cell phone", "a cell phone", "cell phones", "휴대전화", "대" },
    { 78, "microwave", "a microwave", "microwaves", "전자레인지", "대" },
    { 79, "oven", "an oven", "ovens", "오븐", "대" },
    { 80, "toaster", "a toaster", "toasters", "토스터", "대" },
    { 81, "sink", "a sink", "sinks", "싱크대", "개" },
    { 82, "refrigerator", "a refrigerator", "refrigerators", "냉장고", "대" },
    { 84, "book", "a book", "books", "책", "권" },
    { 85, "clock", "a clock", "clocks", "시계", "개" },
    { 86, "vase", "a vase", "vases", "꽃병", "개" },
    { 87, "scissors", "a pair of scissors", "pairs of scissors", "가위", "개" },
    { 88, "teddy bear", "a teddy bear", "teddy bears", "곰 인형", "개" },
    { 89, "hair drier", "a hair dryer", "hair dryers", "헤어드라이어", "대" },
    { 90, "toothbrush", "a toothbrush", "toothbrushes", "칫솔", "개" },
};

/* Kinds that are no class of either network by themselves. */
static const struct { const char *name, *korean; } kinds[] = {
    { "animal", "동물" }, { "antelope", "영양" }, { "ape", "유인원" }, { "arachnid", "거미류" },
    { "bag", "가방" }, { "ball", "공" }, { "beetle", "딱정벌레" }, { "big cat", "큰고양잇과 동물" },
    { "bread", "빵" }, { "bridge", "다리" }, { "building", "건물" }, { "butterfly", "나비" },
    { "camel", "낙타" }, { "chicken", "닭" }, { "computer", "컴퓨터" }, { "coral", "산호" },
    { "crab", "게" }, { "crocodile", "악어" }, { "crustacean", "갑각류" }, { "dinosaur", "공룡" },
    { "fence", "울타리" }, { "fish", "물고기" }, { "flower", "꽃" }, { "fossil", "화석" },
    { "fox", "여우" }, { "frog", "개구리" }, { "fruit", "과일" }, { "goat", "염소" },
    { "guitar", "기타" }, { "gun", "총" }, { "hat", "모자" }, { "helmet", "헬멧" },
    { "hippo", "하마" }, { "insect", "곤충" }, { "lizard", "도마뱀" }, { "lobster", "바닷가재" },
    { "mollusk", "연체동물" }, { "monkey", "원숭이" }, { "musical instrument", "악기" }, { "panda", "판다" },
    { "phone", "전화기" }, { "piano", "피아노" }, { "rabbit", "토끼" }, { "rodent", "설치류" },
    { "salamander", "도롱뇽" }, { "screen", "화면" }, { "sea animal", "바다 동물" }, { "shark", "상어" },
    { "ship", "배" }, { "shoe", "신발" }, { "shop", "가게" }, { "snake", "뱀" },
    { "spider", "거미" }, { "squash", "호박" }, { "stone monument", "석조 기념물" }, { "turtle", "거북" },
    { "vegetable", "채소" }, { "weight", "운동 기구" }, { "whale", "고래" }, { "wild dog", "들개" },
    { "wolf", "늑대" }, { "worm", "벌레" },
};

/* ---- lookups ------------------------------------------------------------------- */

const struct names_class *names_imagenet(size_t index)
{
    return index < NAMES_N_ANIMALS ? &names_animals[index] : &names_things[index - NAMES_N_ANIMALS];
}

size_t names_imagenet_same(size_t index)
{
    const char *name = names_imagenet(index)->name;

    for (size_t i = 0; i < index; i++)
        if (strcmp(names_imagenet(i)->name, name) == 0)
            return i;
    return index;
}

const struct names_coco *names_coco_at(size_t i)
{
    return &coco[i];
}

const struct names_coco *names_coco(int id)
{
    for (size_t i = 0; i < NAMES_N_COCO; i++)
        if (coco[i].id == id)
            return &coco[i];
    return NULL;
}

const struct names_coco *names_coco_find(const char *name)
{
    for (size_t i = 0; i < NAMES_N_COCO; i++)
        if (strcmp(coco[i].name, name) == 0)
            return &coco[i];
    return NULL;
}

static const struct names_class *find_class(const char *name)
{
    for (size_t i = 0; i < NAMES_N_IMAGENET; i++)
        if (strcmp(names_imagenet(i)->name, name) == 0)
            return names_imagenet(i);
    return NULL;
}

/* ---- counting -------------------------------------------------------------------- */

static bool ends_with(const char *word, const char *end)
{
    const size_t n = strlen(word), n_end = strlen(end);

    return n >= n_end && strcmp(word + n - n_end, end) == 0;
}

/* Regular English, and the endings of class names that are not. */
static void plural(const char *name, char *out, size_t n_out)
{
    static const struct { const char *end; int cut; const char *add; } rules[] = {     /* first that fits */
        { "fish", 0, "" },     { "sheep", 0, "" },   { "deer", 0, "" },     { "mouse", 4, "ice" },
        { "goose", 4, "eese" }, { "wolf", 1, "ves" }, { "knife", 2, "ves" }, { "shelf", 1, "ves" },
        { "fox", 0, "es" },    { "box", 0, "es" },   { "ox", 0, "en" },     { "man", 2, "en" },
        { "person", 4, "ople" }, { "ay", 0, "s" },   { "ey", 0, "s" },      { "oy", 0, "s" },
        { "y", 1, "ies" },     { "s", 0, "es" },     { "x", 0, "es" },      { "ch", 0, "es" },
        { "sh", 0, "es" },     { "", 0, "s" },
    };
    size_t i = 0;

    while (!ends_with(name, rules[i].end))
        i++;
    snprintf(out, n_out, "%.*s%s", (int)strlen(name) - rules[i].cut, name, rules[i].add);
}

static void say_one(const char *name, char *out, size_t n_out)
{
    const struct names_coco *object = names_coco_find(name);
    const struct names_class *class = find_class(name);

    if (object != NULL)
        snprintf(out, n_out, "%s", object->one);
    else if (class != NULL)
        snprintf(out, n_out, "%s%s%s", class->article, class->article[0] != '\0' ? " " : "", name);
    else
        snprintf(out, n_out, "%s %s", name[0] != '\0' && strchr("aeiouAEIOU", name[0]) != NULL ? "an" : "a", name);
}

static void say_many(const char *name, char *out, size_t n_out)
{
    const struct names_coco *object = names_coco_find(name);
    const struct names_class *class = find_class(name);

    if (object != NULL)
        snprintf(out, n_out, "%s", object->plural);
    else if (class != NULL && strcmp(class->article, "a pair of") == 0)
        snprintf(out, n_out, "pairs of %s", name);
    else if (class != NULL && class->article[0] == '\0')
        snprintf(out, n_out, "%s", name);
    else
        plural(name, out, n_out);
}

void vision_name_with_count(const char *name, size_t count, char *out, size_t n_out)
{
    static const char *const words[] = { "no ", "", "two ", "three ", "several " };
    char noun[128];

    if (count == 1) {
        say_one(name, out, n_out);
        return;
    }
    say_many(name, noun, sizeof noun);
    snprintf(out, n_out, "%s%s", words[count < 4 ? count : 4], noun);
}

/* ---- Korean ------------------------------------------------------------------------ */

const char *vision_name_korean(const char *name)
{
    const struct names_coco *object = names_coco_find(name);
    const struct names_class *class = find_class(name);

    if (object != NULL)
        return object->korean;
    if (class != NULL)
        return class->korean;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].korean;
    return vision_colour_korean(name);
}

const char *vision_counter_korean(const char *name)
{
    const struct names_coco *object = names_coco_find(name);

    return object != NULL ? object->counter : "개";
}

const char *vision_colour_korean(const char *name)
{
    return colours_korean(name);
}
